"""The DAGs that ask: out of every pipeline's way, late enough for the record, and judged by their questions."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG

from include.metalayer.operator import names, window
from include.metalayer.query import Rhythm
from include.settings.connections import META_POOL
from local.stack.layout import META_LAYER
from tests.conftest import ROOT

QUESTION = "meta_layer_question"
WINDOWS = {f"meta_layer_{rhythm}": rhythm for rhythm in Rhythm}


@pytest.fixture(scope="module")
def dags() -> dict[str, DAG]:
    return DagBag(str(ROOT / "dags"), bundle_path=ROOT / "dags", bundle_name="dags-folder").dags


def test_the_local_stack_starts_every_dag_that_asks(dags: dict[str, DAG]):
    assert {dag_id for dag_id in dags if dag_id.startswith("meta_layer_")} == set(META_LAYER)
    assert set(META_LAYER) == {*WINDOWS, QUESTION}


def test_no_pipeline_waits_for_a_slot_that_a_question_holds(dags: dict[str, DAG]):
    pools = json.loads((ROOT / "config" / "pools.json").read_text())
    assert pools[META_POOL]["slots"] == 2
    for dag_id, dag in dags.items():
        asks = dag_id in META_LAYER
        assert {task.pool == META_POOL for task in dag.tasks} == {asks}, dag_id
        # A task's priority is its own weight alone, the least there is, whatever stands behind it.
        weights = {(task.priority_weight, str(task.weight_rule)) for task in dag.tasks}
        assert not asks or weights == {(1, "absolute")}, dag_id


@pytest.mark.parametrize(("dag_id", "rhythm"), WINDOWS.items())
def test_a_window_asks_its_questions_and_ends_with_the_digest(dags: dict[str, DAG], dag_id: str, rhythm: Rhythm):
    tell = dags[dag_id].get_task("tell_digest")
    assert tell.upstream_task_ids == {f"ask_{query.name}" for query in window(rhythm)}
    assert {task.task_id for task in dags[dag_id].tasks} == {"tell_digest", *tell.upstream_task_ids}
    # Whatever became of the questions, it is told; and the run is red when one of them is.
    assert tell.is_teardown
    assert not tell.on_failure_fail_dagrun


def test_the_day_is_asked_for_when_snowflake_has_written_yesterday_down(dags: dict[str, DAG]):
    minute, hour, *_ = str(dags["meta_layer_daily"].schedule).split()
    latest = max(query.latency_minutes for query in window(Rhythm.DAILY))
    assert timedelta(hours=int(hour), minutes=int(minute)) > timedelta(minutes=latest)


def test_one_question_can_be_asked_by_its_name_and_no_other_word_is_taken(dags: dict[str, DAG]):
    dag = dags[QUESTION]
    assert dag.params.get_param("question").schema["enum"] == names()
    (task,) = dag.tasks
    assert task.question == "{{ params.question }}"
