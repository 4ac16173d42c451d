"""The reconciler against a real outbox, while Airflow is away: what it tells, and what a restart remembers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from include.firehose import database, outbox
from include.firehose.event import Road as Way
from include.firehose.event import RunState, TaskState
from include.firehose.reconcile import ledger
from include.firehose.reconcile.api import AirflowRest
from include.firehose.reconcile.attempts import Attempt, read
from include.firehose.reconcile.files import BrokenFiles
from include.firehose.reconcile.health import Health
from include.firehose.reconcile.reconciler import Reconciler
from include.firehose.watermarks import move_watermark, watermark
from tests.integration.firehose.road import START, Road, run_event, task_event
from tests.standins import free_port

HEALTHY = {name: {"status": "healthy"} for name in ("metadatabase", "scheduler", "triggerer", "dag_processor")}


@pytest.fixture
def engine(road: Road) -> Iterator[Engine]:
    found = database.engine(road.environment()["FIREHOSE_DSN"])
    yield found
    found.dispose()


@pytest.fixture
def nowhere() -> Iterator[AirflowRest]:
    """A client of an Airflow that is not there."""
    client = AirflowRest(f"http://127.0.0.1:{free_port()}", "admin", "x", seconds=2)
    yield client
    client.close()


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def ids(road: Road) -> list[str]:
    return [row["event_id"] for row in road.rows("select event_id from event order by occurred_at, event_id")]


def test_an_airflow_that_is_away_is_told_once_also_by_a_reconciler_that_was_restarted(
    road: Road, engine: Engine, nowhere: AirflowRest
):
    clock = Clock()
    reconciler = Reconciler(engine, nowhere, clock=clock)
    assert reconciler.round() == 0
    clock.now += timedelta(seconds=61)
    assert reconciler.round() == 1
    assert reconciler.round() == 0
    beside = Reconciler(engine, nowhere, clock=clock)
    beside.round()
    clock.now += timedelta(seconds=600)
    assert beside.round() == 0
    restarted = Reconciler(engine, nowhere, clock=clock)
    restarted.round()
    clock.now += timedelta(seconds=120)
    assert restarted.round() == 0
    assert ids(road) == ["af:health:api-server:2026-11-23T06:00:00+00:00:down"]


def test_what_is_open_is_read_from_the_outbox_after_a_restart(road: Road, engine: Engine):
    row = {
        "import_error_id": 3,
        "timestamp": START.isoformat(),
        "filename": "a.py",
        "bundle_name": "b",
        "stack_trace": "KeyError: 1",
    }
    ill = {**HEALTHY, "scheduler": {"status": "unhealthy"}}
    first, watch = BrokenFiles(), Health()
    with engine.begin() as connection:
        outbox.store(connection, first.news([row], START, complete=True), Way.REST)
        watch.answered(ill, START)
        outbox.store(connection, watch.answered(ill, START), Way.REST)
    again, other = BrokenFiles(), Health()
    with engine.begin() as connection:
        again.load(connection)
        other.load(connection)
    assert again.news([row], START, complete=True) == []
    assert [event.payload["state"] for event in again.news([], START, complete=True)] == ["mended"]
    assert [event.event_id for event in other.answered(HEALTHY, START + timedelta(minutes=5))] == [
        "af:health:scheduler:2026-11-23T06:00:00+00:00:up"
    ]


def test_an_outbox_that_is_away_loses_nothing_that_was_found_out(road: Road, engine: Engine, nowhere: AirflowRest):
    clock = Clock()
    away = create_engine(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/x", connect_args={"connect_timeout": 2})
    reconciler = Reconciler(away, nowhere, clock=clock)
    with pytest.raises(OperationalError):
        reconciler.round()
    reconciler._outbox = engine
    reconciler.round()
    clock.now += timedelta(seconds=90)
    assert reconciler.round() == 1


def test_store_counts_what_is_new_and_merges_the_rest(road: Road, engine: Engine):
    told = task_event("r1", "a", TaskState.FAILED)
    road.report(told)
    more = replace(told, payload={**told.payload, "note": "No heartbeat"})
    with engine.begin() as connection:
        assert outbox.store(connection, [more, run_event("r1", RunState.FAILED)], Way.REST) == 1
    with engine.begin() as connection:
        assert outbox.store(connection, [more], Way.REST) == 0
    (row,) = road.rows("select * from event where kind = 'airflow.task'")
    assert (row["seen_via"], row["payload"]["note"]) == (["callback", "rest"], "No heartbeat")


def test_one_event_that_the_outbox_refuses_holds_back_no_other(road: Road, engine: Engine):
    good = task_event("r1", "a", TaskState.SUCCESS)
    # Python writes it into JSON, and no JSON knows it.
    bad = replace(good, event_id="bad", payload={"number": float("nan")})
    with engine.begin() as connection:
        assert outbox.store(connection, [bad, good], Way.REST) == 1
    assert ids(road) == [good.event_id]


def test_the_outbox_s_word_on_a_task_is_read_whatever_its_tries(road: Road, engine: Engine):
    road.report(task_event("r1", "a", TaskState.FAILED), task_event("r1", "b", TaskState.SUCCESS))
    attempt = read(
        {
            "dag_id": "orders",
            "dag_run_id": "r1",
            "task_id": "a",
            "map_index": -1,
            "try_number": 2,
            "max_tries": 1,
            "state": "success",
            "start_date": None,
            "end_date": None,
        }
    )
    assert isinstance(attempt, Attempt)
    with engine.begin() as connection:
        found = ledger.tasks(connection, [attempt])
        assert [(told.state, told.try_number, told.by_rest) for told in found[attempt.instance]] == [
            ("failed", 1, False)
        ]
        assert ledger.without_run(connection, {attempt.subject}) == {attempt.subject}
        assert ledger.runs(connection, {attempt.subject})[attempt.subject].starts[0].started_at == START


def test_the_watermark_is_kept(road: Road, engine: Engine):
    road.rows("delete from cursor")
    with engine.begin() as connection:
        assert watermark(connection, "airflow") is None
        move_watermark(connection, "airflow", START)
        move_watermark(connection, "airflow", START + timedelta(minutes=1))
        assert watermark(connection, "airflow") == START + timedelta(minutes=1)
