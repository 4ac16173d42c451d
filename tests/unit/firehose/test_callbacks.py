"""Callbacks: every context Airflow is known to hand over becomes the right event, and none makes a task fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from include.firehose import callbacks, intake
from include.firehose.event import Event, InvalidEvent, Road, RunState, TaskState
from include.settings.vocabulary import Severity

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
END = START + timedelta(seconds=12)


def full_context(**more: Any) -> dict[str, Any]:
    """What a task's own process hands over."""
    empty = SimpleNamespace(inherits_from_empty_operator=True)
    plain = SimpleNamespace(inherits_from_empty_operator=False)
    dag = SimpleNamespace(dag_id="orders", task_dict={"start": empty, "load": plain, "build": plain})
    dag_run = SimpleNamespace(
        dag_id="orders",
        run_id="scheduled__1",
        run_type=SimpleNamespace(value="asset_triggered"),
        run_after=START,
        start_date=START,
        end_date=None,
        clear_number=0,
        consumed_asset_events=[SimpleNamespace(asset=SimpleNamespace(name="raw.storefront.orders"))] * 2,
    )
    ti = SimpleNamespace(
        dag_id="orders",
        run_id="scheduled__1",
        task_id="load",
        map_index=-1,
        try_number=2,
        max_tries=2,
        start_date=START,
        end_date=END,
    )
    task = SimpleNamespace(task_id="load", task_type="PythonOperator", owner="data")
    return {
        "dag": dag,
        "dag_run": dag_run,
        "run_id": "scheduled__1",
        "ti": ti,
        "task_instance": ti,
        "task": task,
    } | more


def test_a_failed_task_tells_what_failed_where_and_on_which_try():
    event = callbacks.task_event(full_context(exception=ValueError("no such table\nline 2")), TaskState.FAILED)
    assert event.event_id == "af:ti:orders:scheduled__1:load:-1:2:failed"
    assert event.subject_key == "af:run:orders:scheduled__1"
    assert (event.severity, event.occurred_at) == (Severity.ERROR, END)
    assert event.payload == {
        "dag_id": "orders",
        "run_id": "scheduled__1",
        "run_type": "asset_triggered",
        "run_after": START.isoformat(),
        "run_started_at": START.isoformat(),
        "clear_number": 0,
        "task_total": 2,
        "assets": ["raw.storefront.orders"],
        "task_id": "load",
        "map_index": -1,
        "try_number": 2,
        "max_tries": 3,
        "state": "failed",
        "started_at": START.isoformat(),
        "ended_at": END.isoformat(),
        "operator": "PythonOperator",
        "owner": "data",
        "error": {"type": "ValueError", "text": "no such table\nline 2"},
    }


def test_a_failure_without_an_exception_is_still_a_failure():
    """The DAG processor's context, after a worker was killed, has none."""
    event = callbacks.task_event(full_context(), TaskState.FAILED)
    assert event.event_id.endswith(":failed")
    assert "error" not in event.payload


def test_a_retry_is_a_warning_and_a_success_carries_no_error():
    retry = callbacks.task_event(full_context(exception="text instead of an exception"), TaskState.UP_FOR_RETRY)
    success = callbacks.task_event(full_context(exception=ValueError("an earlier try")), TaskState.SUCCESS)
    assert retry.severity is Severity.WARNING
    assert retry.payload["error"] == {"type": "", "text": "text instead of an exception"}
    assert success.severity is Severity.INFO
    assert "error" not in success.payload


@pytest.mark.parametrize("reason", ["task_failure", "timed_out", "all_tasks_deadlocked"])
def test_a_run_that_ended_without_a_last_task_is_told_from_three_keys(reason: str):
    context = {"dag": SimpleNamespace(dag_id="orders"), "run_id": "manual__1", "reason": reason}
    event = callbacks.run_event(context, RunState.FAILED)
    assert event.event_id == "af:run:orders:manual__1:failed"
    assert event.payload["reason"] == reason
    assert event.occurred_at.tzinfo is not None


def test_a_run_that_was_cleared_ends_as_another_event():
    context = full_context()
    context["dag_run"].clear_number = 1
    assert callbacks.run_event(context, RunState.SUCCESS).event_id == "af:run:orders:scheduled__1:success:r1"


def test_an_error_is_masked_and_bounded_before_it_is_stored():
    error = RuntimeError("password=hunter2hunter2 \x00 " + "x" * 1_000_000)
    text = callbacks.task_event(full_context(exception=error), TaskState.FAILED).payload["error"]["text"]
    assert text.startswith("password=***")
    assert "\x00" not in text
    assert len(text) <= callbacks.ERROR_CHARS


def test_an_exception_that_cannot_be_printed_hides_no_failure():
    class Unprintable(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    event = callbacks.task_event(full_context(exception=Unprintable()), TaskState.FAILED)
    assert event.payload["error"] == {"type": "Unprintable", "text": ""}


def test_an_attribute_that_raises_is_a_missing_one():
    class Broken:
        dag_id = "orders"

        @property
        def task_dict(self) -> dict[str, Any]:
            raise RuntimeError("not now")

    context = full_context(dag=Broken())
    assert "task_total" not in callbacks.task_event(context, TaskState.SUCCESS).payload


def test_a_context_that_names_no_run_makes_no_event():
    with pytest.raises(InvalidEvent):
        callbacks.task_event({}, TaskState.SUCCESS)


@pytest.mark.parametrize(
    "callback",
    [
        callbacks.task_success,
        callbacks.task_failure,
        callbacks.task_retry,
        callbacks.task_skipped,
    ],
)
@pytest.mark.parametrize("context", [None, {}, {"dag": None, "run_id": 7, "ti": object()}, "nonsense"])
def test_no_context_makes_a_callback_raise(callback: Any, context: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "report", lambda event, road: pytest.fail("nothing can be reported from this"))
    callback(context)


def test_each_callback_reports_its_state(monkeypatch: pytest.MonkeyPatch):
    reported: list[tuple[Event, Road]] = []
    monkeypatch.setattr(intake, "report", lambda event, road: reported.append((event, road)))
    for callback in (callbacks.task_success, callbacks.task_failure, callbacks.task_retry, callbacks.task_skipped):
        callback(full_context())
    states = [event.payload["state"] for event, _ in reported]
    assert states == ["success", "failed", "up_for_retry", "skipped"]
    assert {road for _, road in reported} == {Road.CALLBACK}
