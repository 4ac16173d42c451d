"""Which event a task instance of the REST API is: a callback's own where there is one, and a new one for a mark."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.firehose.event import Event, Kind, TaskState, task_event_id
from include.firehose.reconcile import attempts
from include.firehose.reconcile.attempts import Attempt, Told, missing_tries, news, read, read_past
from include.firehose.run import fold
from include.settings.vocabulary import Severity

END = datetime(2026, 11, 23, 6, 0, 10, tzinfo=UTC)
NOW = END + timedelta(minutes=5)
ROW: dict[str, Any] = {
    "dag_id": "orders",
    "dag_run_id": "r",
    "task_id": "load",
    "map_index": -1,
    "try_number": 1,
    "max_tries": 0,
    "state": "failed",
    "start_date": "2026-11-23T06:00:00Z",
    "end_date": "2026-11-23T06:00:10Z",
    "run_after": "2026-11-23T06:00:00Z",
    "operator": "PythonOperator",
    "dag_version": {"id": "v1"},
}


def attempt(**changes: Any) -> Attempt:
    found = read({**ROW, **changes})
    assert found is not None
    return found


def told(state: TaskState, *, try_number: int = 1, by_rest: bool = False, at: datetime = END, suffix: str = "") -> Told:
    event_id = task_event_id("orders", "r", "load", -1, try_number, state) + suffix
    return Told(event_id, state.value, at, by_rest, try_number, {})


def in_outbox(found: Told) -> Event:
    """The event as the outbox holds it."""
    payload = {"task_id": "load", "map_index": -1, "try_number": found.try_number, "state": found.state}
    return Event(found.event_id, Kind.TASK, "s", "af:run:orders:r", found.occurred_at, Severity.INFO, payload)


def test_an_end_that_nobody_told_gets_the_id_and_the_keys_of_a_callback():
    found = news(attempt(), [], NOW)
    assert found is not None
    event = found.event({"downstream": ["b"], "note": None})
    assert event.event_id == "af:ti:orders:r:load:-1:1:failed"
    assert (event.kind, event.subject_key, event.occurred_at) == (Kind.TASK, "af:run:orders:r", END)
    assert event.severity is Severity.ERROR
    assert event.payload == {
        "dag_id": "orders",
        "run_id": "r",
        "run_after": "2026-11-23T06:00:00+00:00",
        "task_id": "load",
        "map_index": -1,
        "try_number": 1,
        "max_tries": 1,
        "state": "failed",
        "started_at": "2026-11-23T06:00:00+00:00",
        "ended_at": "2026-11-23T06:00:10+00:00",
        "operator": "PythonOperator",
        "downstream": ["b"],
    }


@pytest.mark.parametrize("state", [None, "running", "queued", "scheduled", "deferred", "restarting", "a new word"])
def test_a_task_that_has_not_come_to_an_end_is_no_event(state: str | None):
    assert read({**ROW, "state": state}) is None


@pytest.mark.parametrize("state", list(TaskState))
def test_every_end_is_an_event(state: TaskState):
    assert attempt(state=state.value).state is state


def test_what_a_callback_told_is_told_again_once_under_its_id():
    found = news(attempt(), [told(TaskState.FAILED)], NOW)
    assert found is not None
    assert (found.event_id, found.corrects) == ("af:ti:orders:r:load:-1:1:failed", False)
    assert news(attempt(), [told(TaskState.FAILED, by_rest=True)], NOW) is None


def test_an_end_without_a_date_is_told_with_the_time_it_was_seen():
    found = news(attempt(state="skipped", end_date=None), [], NOW)
    assert found is not None
    assert found.occurred_at == NOW


def test_a_mark_on_an_ended_task_stands_over_its_end_whatever_the_two_states_are():
    for before, after in [
        (TaskState.SUCCESS, TaskState.FAILED),
        (TaskState.FAILED, TaskState.SUCCESS),
        (TaskState.SKIPPED, TaskState.SUCCESS),
        (TaskState.SUCCESS, TaskState.SKIPPED),
    ]:
        first = told(before)
        found = news(attempt(state=after.value), [first], NOW)
        assert found is not None
        assert found.corrects
        assert found.event_id == task_event_id("orders", "r", "load", -1, 1, after)
        assert fold([in_outbox(first), found.event({})]).tasks[0].state is after


def test_a_state_that_is_set_back_by_hand_is_told_under_a_new_id_each_time():
    history = [told(TaskState.FAILED), told(TaskState.SUCCESS, at=NOW)]
    states = [TaskState.FAILED, TaskState.SUCCESS, TaskState.FAILED]
    for turn, state in enumerate(states, start=1):
        found = news(attempt(state=state.value), history, NOW)
        assert found is not None
        assert found.event_id not in {event.event_id for event in history}
        history.append(Told(found.event_id, state.value, found.occurred_at, True, 1, {}))
        assert fold([in_outbox(event) for event in history]).tasks[0].state is state
        assert news(attempt(state=state.value), history, NOW) is None, f"turn {turn} is told twice"
    assert history[-1].event_id == "af:ti:orders:r:load:-1:1:failed:r2"


def test_a_mark_has_no_duration():
    found = news(attempt(state="success"), [told(TaskState.FAILED)], NOW)
    assert found is not None
    assert "started_at" not in found.event({}).payload


def test_a_retry_is_no_contradiction_to_the_end_of_the_same_try():
    found = news(attempt(state="failed"), [told(TaskState.UP_FOR_RETRY)], NOW)
    assert found is not None
    assert (found.corrects, found.occurred_at) == (False, END)
    late = news(attempt(state="up_for_retry"), [told(TaskState.FAILED)], NOW)
    assert late is not None
    assert (late.corrects, late.occurred_at) == (False, END)


def test_another_try_is_told_beside_the_earlier_ones():
    found = news(attempt(try_number=2, state="success"), [told(TaskState.FAILED, by_rest=True)], NOW)
    assert found is not None
    assert (found.event_id, found.corrects) == ("af:ti:orders:r:load:-1:2:success", False)


def test_mapped_instances_have_ids_of_their_own():
    assert attempt(map_index=7).event_id == "af:ti:orders:r:load:7:1:failed"


def test_tries_that_nobody_told_are_missing():
    third = attempt(try_number=3)
    assert missing_tries(third, [told(TaskState.UP_FOR_RETRY)]) == {2}
    assert missing_tries(attempt(), []) == set()
    assert missing_tries(replace(third, try_number=0), []) == set()


def test_a_past_try_that_is_filed_as_failed_was_a_retry_while_tries_were_left():
    first = read_past({**ROW, "try_number": 1, "max_tries": 1})
    last = read_past({**ROW, "try_number": 2, "max_tries": 1})
    assert first is not None
    assert last is not None
    assert (first.state, last.state) == (TaskState.UP_FOR_RETRY, TaskState.FAILED)
    assert read_past({**ROW, "state": None}) is None


def test_ids_are_numbered_from_one():
    assert attempts.unused("a", set()) == "a"
    assert attempts.unused("a", {"a", "a:r1"}) == "a:r2"
