"""The listener: every end of a DAG run is reported, the scheduler neither waits for it nor stumbles over it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pluggy
import pytest
from airflow.listeners.spec import dagrun

from include.firehose import intake, listener
from include.firehose.event import Event, Road

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def dag_run(**more: Any) -> Any:
    empty = SimpleNamespace(inherits_from_empty_operator=True)
    plain = SimpleNamespace(inherits_from_empty_operator=False)
    known = {
        "dag": SimpleNamespace(dag_id="orders", task_dict={"start": empty, "load": plain, "build": plain}),
        "dag_id": "orders",
        "run_id": "scheduled__1",
        "run_type": SimpleNamespace(value="scheduled"),
        "run_after": START,
        "start_date": START,
        "end_date": START,
        "clear_number": 0,
    }
    return Row(**known | more)


class Row(SimpleNamespace):
    """A run as the scheduler holds it: what triggered it is not loaded, and reading it would ask the database."""

    @property
    def consumed_asset_events(self) -> Any:
        pytest.fail("a statement in the scheduler's loop")


class Outbox:
    """Takes the place of the intake; holds each event back until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.took = threading.Semaphore(0)
        self.events: list[tuple[Event, Road]] = []

    def report(self, event: Event, *, road: Road) -> bool:
        self.let_go.wait(10)
        self.events.append((event, road))
        self.took.release()
        return True

    def wait(self) -> None:
        self.let_go.set()
        assert self.took.acquire(timeout=10)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    outbox = Outbox()
    monkeypatch.setattr(intake, "report", outbox.report)
    return outbox


@pytest.mark.parametrize(
    ("hook", "state", "msg"),
    [
        ("on_dag_run_success", "success", "success"),
        ("on_dag_run_failed", "failed", "task_failure"),
        ("on_dag_run_failed", "failed", "timed_out"),
    ],
)
def test_airflow_calls_it_with_its_own_names_and_the_end_is_told(
    outbox: Outbox, hook: str, state: str, msg: str
) -> None:
    manager = pluggy.PluginManager("airflow")
    manager.add_hookspecs(dagrun)
    manager.register(listener)
    manager.check_pending()
    getattr(manager.hook, hook)(dag_run=dag_run(), msg=msg)
    outbox.wait()
    ((event, road),) = outbox.events
    assert event.event_id == f"af:run:orders:scheduled__1:{state}"
    assert (event.payload["state"], event.payload["reason"], event.payload["task_total"]) == (state, msg, 2)
    assert road is Road.LISTENER


def test_the_scheduler_does_not_wait_for_the_outbox(outbox: Outbox) -> None:
    listener.on_dag_run_success(dag_run=dag_run(), msg="success")
    assert outbox.events == []
    outbox.wait()
    assert len(outbox.events) == 1


def test_who_marked_a_run_is_left_to_the_reconciler(outbox: Outbox) -> None:
    listener.on_dag_run_failed(dag_run=dag_run(), msg="Dag Run's state was manually set to `failed`.")
    outbox.wait()
    assert "reason" not in outbox.events[0][0].payload


def test_a_run_without_its_dag_is_told_all_the_same(outbox: Outbox) -> None:
    """After `dagrun_timeout` the scheduler has read the run anew, and its DAG is not attached."""
    listener.on_dag_run_failed(dag_run=dag_run(dag=None), msg="timed_out")
    outbox.wait()
    event, _ = outbox.events[0]
    assert event.event_id == "af:run:orders:scheduled__1:failed"
    assert "task_total" not in event.payload


@pytest.mark.parametrize("broken", [None, "nonsense", SimpleNamespace(run_id=7), SimpleNamespace(run_id="", dag=None)])
def test_nothing_it_is_given_stops_the_scheduler(broken: Any, outbox: Outbox) -> None:
    listener.on_dag_run_success(dag_run=broken, msg="success")
    listener.on_dag_run_failed(dag_run=broken, msg=None)  # type: ignore[arg-type]
    assert outbox.events == []
