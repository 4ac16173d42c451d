"""A round against a real outbox, and an Airflow that answers what no real one does at will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from include.firehose import database
from include.firehose.event import RunState
from include.firehose.reconcile.api import AirflowRest
from include.firehose.reconcile.reconciler import Reconciler
from tests.integration.firehose.road import START, Road, run_event
from tests.scripted_airflow import Airflow, serving

RUNS, TASKS = "/dags/~/dagRuns", "/dags/~/dagRuns/~/taskInstances"
AWAY = (503, {"detail": "database is busy"})


@pytest.fixture
def airflow() -> Iterator[Airflow]:
    healthy = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")}
    with serving() as found:
        found.answers = {
            "/monitor/health": [healthy],
            "/importErrors": [{"import_errors": [], "total_entries": 0}],
            "/eventLogs": [{"event_logs": [], "total_entries": 0}],
            RUNS: [page("dag_runs", run("r1", "success"))],
            TASKS: [page("task_instances")],
        }
        yield found


@pytest.fixture
def reconciler(road: Road, airflow: Airflow) -> Iterator[Reconciler]:
    road.rows("truncate cursor")
    outbox = database.engine(road.environment()["FIREHOSE_DSN"])
    yield Reconciler(outbox, AirflowRest(airflow.url, "admin", "right", seconds=5))
    outbox.dispose()


def page(name: str, *rows: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    return {name: list(rows), "next_cursor": more}


def run(run_id: str, state: str, **more: Any) -> dict[str, Any]:
    row = {"dag_id": "orders", "dag_run_id": run_id, "state": state, "run_type": "manual", "dag_versions": []}
    times = {"start_date": START.isoformat(), "end_date": START.isoformat(), "run_after": START.isoformat()}
    return {**row, **times, **more}


def task(run_id: str, name: str, state: str = "success", **more: Any) -> dict[str, Any]:
    row = {"dag_id": "orders", "dag_run_id": run_id, "task_id": name, "state": state, "try_number": 1, "max_tries": 0}
    times = {"start_date": START.isoformat(), "end_date": START.isoformat()}
    return {**row, **times, "map_index": -1, **more}


def ids(road: Road) -> set[str]:
    return {row["event_id"] for row in road.rows("select event_id from event")}


def since(airflow: Airflow, where: str) -> list[datetime]:
    return [datetime.fromisoformat(asked["updated_at_gte"][0]) for path, asked in airflow.asked if path == where]


def test_a_round_that_breaks_off_is_read_again_from_where_it_began(
    road: Road, airflow: Airflow, reconciler: Reconciler
):
    first = page("task_instances", task("r1", "a"), more="c")
    airflow.answers[TASKS] = [first, AWAY, first, page("task_instances", task("r1", "b"))]
    assert reconciler.round() == 1
    assert road.rows("select * from cursor") == []
    assert reconciler.round() == 2
    assert ids(road) == {
        "af:ti:orders:r1:a:-1:1:success",
        "af:ti:orders:r1:b:-1:1:success",
        "af:run:orders:r1:success",
    }
    begun = since(airflow, RUNS)
    assert begun[1] - begun[0] < timedelta(minutes=1)


def test_a_day_is_read_at_first_and_then_only_what_has_changed(road: Road, airflow: Airflow, reconciler: Reconciler):
    reconciler.round()
    reconciler.round()
    first, second = since(airflow, TASKS)
    assert timedelta(hours=23) < second - first < timedelta(hours=24)
    assert len(airflow.asked) == 8, "a quiet round is four requests"


def test_a_task_whose_run_nobody_knows_brings_the_run_with_it_and_one_whose_run_is_gone_nothing(
    road: Road, airflow: Airflow, reconciler: Reconciler
):
    airflow.answers[RUNS] = [page("dag_runs")]
    airflow.answers[TASKS] = [page("task_instances", task("old", "a"), task("gone", "a"))]
    airflow.answers["/dags/orders/dagRuns/old"] = [run("old", "success")]
    assert reconciler.round() == 2
    assert ids(road) == {"af:ti:orders:old:a:-1:1:success", "af:run:orders:old:success"}
    reconciler.round()
    assert len([path for path, _ in airflow.asked if path == "/dags/orders/dagRuns/old"]) == 1


def test_a_run_that_a_callback_has_told_is_not_asked_for(road: Road, airflow: Airflow, reconciler: Reconciler):
    road.report(run_event("known", RunState.SUCCESS))
    airflow.answers[RUNS] = [page("dag_runs")]
    airflow.answers[TASKS] = [page("task_instances", task("known", "a"))]
    assert reconciler.round() == 1


def test_a_dag_file_is_told_and_told_mended_over_rounds(road: Road, airflow: Airflow, reconciler: Reconciler):
    row = {"import_error_id": 3, "timestamp": START.isoformat(), "filename": "a.py", "bundle_name": "b"}
    broken = {"import_errors": [{**row, "stack_trace": "KeyError: 1"}], "total_entries": 1}
    airflow.answers["/importErrors"] = [broken, broken, AWAY, {"import_errors": [], "total_entries": 0}]
    assert [reconciler.round() for _ in range(5)] == [2, 0, 0, 1, 0]
    assert {event for event in ids(road) if event.startswith("af:file")} == {
        "af:file:b:a.py:3:broken",
        "af:file:b:a.py:3:mended",
    }


def test_a_task_that_is_marked_by_hand_changes_what_the_outbox_says(
    road: Road, airflow: Airflow, reconciler: Reconciler
):
    marks = [task("r1", "a", state) for state in ("success", "failed", "success", "success")]
    airflow.answers[TASKS] = [page("task_instances", mark) for mark in marks]
    assert [reconciler.round() for _ in marks] == [2, 1, 1, 0]
    rows = road.rows("select event_id from event where kind = 'airflow.task' order by occurred_at")
    assert [row["event_id"].removeprefix("af:ti:orders:r1:a:-1:1:") for row in rows] == [
        "success",
        "failed",
        "success:r1",
    ]
