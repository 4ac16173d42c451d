"""QUERY_TAG: which try of which task sent a statement.

Snowflake keeps the tag of a session beside each of its statements, so what a run did and cost can be told from the
query history alone. dbt's profile gives the tag to every session, whatever the session does: models, tests, seeds,
snapshots, hooks, and what dbt asks about the database. Which node a statement belongs to is in the comment at its end
(dbt/macros/query_comment.sql).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow.sdk import Context

# What dbt/profiles.yml reads.
VARIABLE = "DBT_QUERY_TAG"
# Snowflake refuses a longer one, and the login with it.
LONGEST = 2000


def query_tag(*, dag: str, task: str, run: str, try_number: int) -> str:
    """The tag as JSON, at most LONGEST characters: the longest names are cut until it fits, and it stays JSON."""
    names = {"dag": dag, "task": task, "run": run}
    while len(text := json.dumps({"app": "airflow", **names, "try": try_number}, ensure_ascii=False)) > LONGEST:
        longest = max(names, key=lambda name: len(names[name]))
        names[longest] = names[longest][: len(names[longest]) // 2]
    return text


def of_task(context: Context) -> str:
    """The tag of the task that runs."""
    ti = context["ti"]
    return query_tag(dag=ti.dag_id, task=ti.task_id, run=ti.run_id, try_number=ti.try_number)


def tag_cosmos(context: Context, operator: Any) -> None:
    """Give the tag to the dbt that one of Cosmos's own operators is about to run (Cosmos's `interceptors`)."""
    operator.env = {**(operator.env or {}), VARIABLE: of_task(context)}
