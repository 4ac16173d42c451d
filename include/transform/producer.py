"""The one task of a pipeline that runs dbt: a single `dbt build` of the pipeline's models, told to the models' tasks.

It is green when dbt has gone through everything, whatever became of the models: each model's own task says that. It is
red when dbt broke off, and its next try builds what is not green by then.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException

from include.transform.query_tag import of_task
from include.transform.results import ATTEMPT_KEY, PLAN_KEY, End, NodeResult, Plan, batch, batch_key

if TYPE_CHECKING:
    from airflow.sdk import Context

GREEN = "success"
# In `executor_config`, for a watching executor: the tasks that take their state from this one.
MODELS_KEY = "dbt_models"


class DbtBuildOperator(BaseOperator):
    """Run `dbt build` once for a pipeline and publish what becomes of each node while it runs.

    :param nodes: unique id of each node of the pipeline, by the id of its task.
    :param tests: unique ids of the tests that judge a node, by the node's unique id.
    :param select: what the run's `select` param asks for; empty: everything.
    :param full_refresh: whether to build incremental models from nothing.

    Returns (XCom) the number of nodes and tests by dbt's word for their end.
    """

    template_fields: Sequence[str] = ("select", "full_refresh")
    ui_color = "#f8d9c6"

    def __init__(
        self,
        *,
        nodes: Mapping[str, str],
        tests: Mapping[str, Sequence[str]],
        select: str = "",
        full_refresh: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(executor_config={MODELS_KEY: list(nodes)}, **kwargs)
        self.nodes = dict(nodes)
        self.tests = {key: list(value) for key, value in tests.items()}
        self.select = select
        self.full_refresh = full_refresh

    def execute(self, context: Context) -> dict[str, int]:
        """Build; the task's state is that of the call, not of the models."""
        from include.transform.dbt import DbtError
        from include.transform.recorder import recorded

        ti = context["ti"]
        attempt = ti.try_number
        tasks = self._unfinished(context) if attempt > 1 else self.nodes
        target = target_folder(context)
        plan = Plan(
            attempt=attempt,
            nodes={node: tuple(self.tests.get(node, ())) for node in tasks.values()},
            tasks=tasks,
            compiled=str(target / "compiled"),
        )
        numbers = itertools.count(1)

        def publish(results: list[NodeResult], end: End | None) -> None:
            ti.xcom_push(key=batch_key(next(numbers)), value=batch(attempt, results, end))

        ti.xcom_push(key=PLAN_KEY, value=plan.to_json())
        ti.xcom_push(key=ATTEMPT_KEY, value=attempt)
        if not tasks:
            self.log.info("Every model of this run is green already. To build them again, clear the whole group.")
            publish([], End(complete=True))
            return {}
        try:
            outcome = recorded(
                publish,
                nodes=tasks.values(),
                target=target,
                wanted=self.select or "",
                full_refresh=str(self.full_refresh).lower() == "true",
                query_tag=of_task(context),
            )
        except DbtError as error:
            raise AirflowException(str(error)) from error
        if outcome.failed:
            self.log.warning("dbt: %s. The tasks of the models say which and why.", outcome)
        else:
            self.log.info("dbt: %s.", outcome)
        return outcome.counts

    def on_kill(self) -> None:
        """Cancel the queries under way."""
        from include.transform.dbt import cancel_queries_soon

        cancel_queries_soon()

    def _unfinished(self, context: Context) -> dict[str, str]:
        """The tasks that are not green in this run: what an earlier attempt left, or what a person has cleared."""
        ti = context["ti"]
        states = ti.get_task_states(dag_id=ti.dag_id, task_ids=list(self.nodes), run_ids=[ti.run_id])
        of_run = states.get(ti.run_id, {})
        left = {task: node for task, node in self.nodes.items() if of_run.get(task) != GREEN}
        self.log.info("Try %s: %s of %s models are not green.", ti.try_number, len(left), len(self.nodes))
        return left


def target_folder(context: Context) -> Path:
    """Where dbt writes the SQL it compiles: beside the logs of the run, and as long-lived as they are."""
    from airflow.configuration import conf

    ti = context["ti"]
    logs = Path(conf.get("logging", "base_log_folder"))
    return logs / f"dag_id={ti.dag_id}" / f"run_id={ti.run_id}" / "dbt" / f"{ti.task_id}.{ti.try_number}"
