"""Snowflake's own history says which try of which task sent each statement of a run, in each mode of building.

BACKBEAT_TRANSFORM_MODE=watcher (or local) runs the same tests against Cosmos's own modes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.stack import wait_for
from tests.integration.transform.lab import MODELS, Lab

pytestmark = pytest.mark.stack
MODE = os.environ.get("BACKBEAT_TRANSFORM_MODE", "build")
only_build = pytest.mark.skipif(MODE != "build", reason="In Cosmos's own modes a retry is the stock operator's")


@pytest.fixture(autouse=True)
def all_good(lab: Lab) -> Iterator[None]:
    lab.switch()
    yield
    lab.switch()


def sent(lab: Lab, run_id: str, words: str = "") -> list[tuple[dict[str, Any], str]]:
    """The statements of a run as (tag, text), as soon as the history has those that name `words`."""

    def found() -> list[tuple[dict[str, Any], str]]:
        rows = lab.query(
            "select query_tag, query_text from snowflake.account_usage.query_history "
            "where user_name = 'TRANSFORMER' order by start_time"
        )
        tagged = [(json.loads(tag) if tag else {}, text) for tag, text in rows]
        ours = [(tag, text) for tag, text in tagged if tag.get("run") == run_id]
        return ours if any(words in text.lower() for _, text in ours) else []

    return list(wait_for(found, f"the statements of {run_id}", 30))


def test_every_statement_of_a_run_names_its_dag_task_run_and_try(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    statements = sent(lab, run, "staging.e")
    assert {tag["app"] for tag, _ in statements} == {"airflow"}
    assert {tag["dag"] for tag, _ in statements} == {"lab"}
    tries = {task["task_id"]: task["try_number"] for task in lab.api.tasks("lab", run)}
    assert [tag for tag, _ in statements if not 1 <= tag["try"] <= tries[tag["task"]]] == []
    if lab.mode == "build":
        assert {tag["task"] for tag, _ in statements} == {"transform.dbt_build"}
    built = " ".join(text.lower() for _, text in statements)
    assert [model for model in MODELS if f"staging.{model}" not in built] == []


def test_dbt_sends_nothing_without_a_tag(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    sent(lab, run, "staging.e")
    untagged = lab.query(
        "select query_text from snowflake.account_usage.query_history "
        "where user_name = 'TRANSFORMER' and coalesce(query_tag, '') = ''"
    )
    assert untagged == []


@only_build
def test_a_model_that_is_built_alone_names_its_own_task(lab: Lab) -> None:
    lab.switch(b="no number")
    run = lab.begin()
    assert lab.finish(run)["b"] == "failed"
    lab.switch()
    task_id = lab.task(run, "b")["task_id"]
    lab.clear(run, task_id)
    assert lab.finish(run)["b"] == "success"
    latest = lab.task(run, "b")["try_number"]
    alone = [text.lower() for tag, text in sent(lab, run) if (tag["task"], tag["try"]) == (task_id, latest)]
    assert any("staging.b" in text for text in alone)
    assert not any("staging.a " in text and text.lstrip().startswith("create") for text in alone)
