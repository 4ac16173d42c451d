"""Events: the same fact makes the same id, and what is no fact makes no event."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.firehose.event import (
    Event,
    InvalidEvent,
    Kind,
    RunState,
    TaskState,
    run_event_id,
    run_subject,
    task_event_id,
)
from include.settings.vocabulary import Severity

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


def event(**changes: object) -> Event:
    values = {
        "event_id": "af:run:d:r:success",
        "kind": Kind.RUN,
        "series": "af:dag:d",
        "subject_key": "af:run:d:r",
        "occurred_at": NOW,
        "severity": Severity.INFO,
        "payload": {"state": "success", "text": 'quotes " and ✕ and \n lines'},
    }
    return Event(**(values | changes))


def test_the_id_of_a_run_names_its_dag_run_and_state():
    assert run_event_id("orders", "manual__1", RunState.FAILED) == "af:run:orders:manual__1:failed"


def test_a_run_that_was_cleared_and_ended_again_is_another_event():
    assert run_event_id("orders", "r", RunState.FAILED, clear_number=2) == "af:run:orders:r:failed:r2"


def test_the_id_of_a_task_names_its_map_index_try_and_state():
    found = task_event_id("orders", "r", "load", -1, 2, TaskState.UP_FOR_RETRY)
    assert found == "af:ti:orders:r:load:-1:2:up_for_retry"


def test_a_task_and_its_run_belong_to_one_subject():
    assert run_subject("orders", "r") == "af:run:orders:r"


def test_an_event_written_as_a_line_reads_back_as_itself():
    line = event().to_json()
    assert "\n" not in line
    assert Event.from_json(line) == event()


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "null",
        "[]",
        '{"event_id": "x"',
        event().to_json()[:-20],
        event().to_json().replace("airflow.run", "x"),
    ],
)
def test_a_line_that_is_no_event_is_refused(line: str):
    with pytest.raises(InvalidEvent):
        Event.from_json(line)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(InvalidEvent, match="time zone"):
        event(occurred_at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("missing", ["event_id", "series", "subject_key"])
def test_an_event_without_a_name_is_refused(missing: str):
    with pytest.raises(InvalidEvent):
        event(**{missing: ""})
