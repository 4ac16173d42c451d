"""The cluster policy on real DAGs: our callbacks beside the author's, and an import that never fails."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task

from include.firehose import callbacks
from include.firehose.policy import task_policy


def authors_own(context: Any) -> None:
    """What a DAG's author attached."""


def also_authors(context: Any) -> None:
    """And another one."""


@pytest.fixture
def dag() -> DAG:
    with DAG("a_dag", schedule=None) as dag:
        BashOperator(task_id="plain", bash_command="true")
        BashOperator(task_id="one", bash_command="true", on_failure_callback=authors_own)
        BashOperator(task_id="two", bash_command="true", on_failure_callback=[authors_own, also_authors])
        EmptyOperator(task_id="empty")

        @task
        def double(number: int) -> int:
            return 2 * number

        double.expand(number=[1, 2])
    return dag


OURS = {
    "on_success_callback": callbacks.task_success,
    "on_failure_callback": callbacks.task_failure,
    "on_retry_callback": callbacks.task_retry,
    "on_skipped_callback": callbacks.task_skipped,
}


@pytest.mark.parametrize("attribute", OURS)
@pytest.mark.parametrize("task_id", ["plain", "one", "two", "double"])
def test_every_task_reports_every_end(dag: DAG, task_id: str, attribute: str):
    task_policy(dag.get_task(task_id))
    assert OURS[attribute] in getattr(dag.get_task(task_id), attribute)


def test_what_the_author_attached_stays_and_comes_first(dag: DAG):
    for task_id in ("one", "two"):
        task_policy(dag.get_task(task_id))
    assert list(dag.get_task("one").on_failure_callback) == [authors_own, callbacks.task_failure]
    assert list(dag.get_task("two").on_failure_callback) == [authors_own, also_authors, callbacks.task_failure]


def test_an_empty_task_is_not_made_to_run_by_a_success_callback(dag: DAG):
    task_policy(dag.get_task("empty"))
    assert not dag.get_task("empty").has_on_success_callback
    assert not dag.get_task("empty").has_on_execute_callback
    assert dag.get_task("empty").has_on_failure_callback


def test_a_dag_parsed_twice_reports_once(dag: DAG):
    for _ in range(2):
        task_policy(dag.get_task("plain"))
    assert list(dag.get_task("plain").on_success_callback) == [callbacks.task_success]


def test_one_tasks_callbacks_are_not_anothers(dag: DAG):
    task_policy(dag.get_task("plain"))
    assert callbacks.task_success not in (dag.get_task("one").on_success_callback or [])


def test_a_task_the_policy_cannot_handle_still_imports():
    class Hostile:
        def __getattr__(self, name: str) -> Any:
            raise RuntimeError("not a DAG")

    task_policy(Hostile())
    task_policy(None)


def test_the_policy_loads_nothing_heavy_into_the_processes_that_parse_and_run_tasks():
    """Every task's process imports it: a database driver here would cost each of them its start-up."""
    program = "import sys, json; import include.firehose.policy; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {name.split(".")[0] for name in json.loads(answer.stdout)}
    assert not loaded & {"sqlalchemy", "psycopg", "psycopg2", "pandas", "airflow", "slack_sdk", "pydantic"}
