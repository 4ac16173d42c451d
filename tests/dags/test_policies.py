"""Rules that every DAG keeps, one test per rule and DAG."""

from __future__ import annotations

from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.settings.vocabulary import Tag
from tests.conftest import ROOT

DAG_FILES = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))


def test_every_dag_file_imports(dagbag: DagBag) -> None:
    assert dagbag.import_errors == {}


def test_a_dag_is_named_as_its_file_and_alone_in_it(dagbag: DagBag) -> None:
    assert sorted(dagbag.dag_ids) == DAG_FILES
    assert {Path(dag.fileloc).stem for dag in dagbag.dags.values()} == set(DAG_FILES)


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_a_dag_says_what_to_do_on_failure(dagbag: DagBag, dag_id: str) -> None:
    assert "**On failure**" in (dagbag.dags[dag_id].doc_md or "")


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_a_dag_has_an_owner_and_known_tags(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    assert dag.tags
    assert set(dag.tags) <= set(Tag)
    assert {task.owner for task in dag.tasks} == {"data"}


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_a_dag_never_catches_up_and_never_overlaps_itself(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    assert dag.catchup is False
    assert dag.max_active_runs == 1


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_a_dag_file_fits_on_one_screen_and_is_not_taken_for_a_dbt_plugin(dag_id: str) -> None:
    assert len((ROOT / "dags" / f"{dag_id}.py").read_text().splitlines()) <= 60
    assert not dag_id.startswith("dbt_")


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_every_task_tells_the_firehose_of_success_failure_retry_and_skip(dagbag: DagBag, dag_id: str) -> None:
    for task in dagbag.dags[dag_id].tasks:
        assert task.on_failure_callback, task.task_id
        assert task.on_retry_callback, task.task_id
        assert task.on_skipped_callback, task.task_id
        # A success callback would make Airflow schedule an empty task on a worker.
        assert bool(task.on_success_callback) == (task.task_type != "EmptyOperator"), task.task_id


@pytest.mark.parametrize("dag_id", DAG_FILES)
def test_no_dag_has_callbacks_that_make_its_file_be_parsed_at_every_end(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    assert not dag.has_on_success_callback
    assert not dag.has_on_failure_callback
