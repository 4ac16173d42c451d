"""Episodes: a file that is broken, a part of Airflow that is down. Each is told when it begins and at its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from include.firehose.designs import dag_file, health
from include.firehose.designs.style import FAILED, OK, RED
from include.firehose.designs.telling import Priority, Setting
from include.firehose.event import Event
from include.firehose.reconcile.files import BrokenFiles
from include.firehose.reconcile.health import Health
from include.firehose.reconcile.reconciler import comparison_due, look_from

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SETTING = Setting(airflow_url="http://airflow")
TRACE = "Traceback (most recent call last):\n  File \"/dags/a.py\", line 2\nKeyError: 'region'\n"


def minute(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def broken(error_id: int = 7, trace: str = TRACE, file: str = "a.py") -> dict[str, Any]:
    return {
        "import_error_id": error_id,
        "timestamp": "2026-11-23T11:59:00Z",
        "filename": file,
        "bundle_name": "dags-folder",
        "stack_trace": trace,
    }


def answer(**states: str | None) -> dict[str, Any]:
    parts = {"metadatabase": "healthy", "scheduler": "healthy", "triggerer": "healthy", "dag_processor": "healthy"}
    heartbeat = "2026-11-23T11:58:30+00:00"
    return {
        name: {"status": status, f"latest_{name}_heartbeat": heartbeat} for name, status in {**parts, **states}.items()
    }


def ids(events: list[Event]) -> list[str]:
    return [event.event_id for event in events]


def test_a_broken_file_is_told_once_and_then_that_it_is_over():
    files = BrokenFiles()
    subject = "af:file:dags-folder:a.py:7"
    first = files.news([broken()], NOON, complete=True)
    assert ids(first) == [f"{subject}:broken"]
    assert first[0].payload["error"] == "KeyError: 'region'"
    assert first[0].occurred_at == datetime(2026, 11, 23, 11, 59, tzinfo=UTC)
    assert files.news([broken()], NOON, complete=True) == []
    assert ids(files.news([], minute(5), complete=True)) == [f"{subject}:mended"]
    assert files.news([], minute(6), complete=True) == []


def test_a_file_that_breaks_again_is_another_episode():
    files = BrokenFiles()
    files.news([broken()], NOON, complete=True)
    files.news([], minute(5), complete=True)
    assert ids(files.news([broken(8)], minute(6), complete=True)) == ["af:file:dags-folder:a.py:8:broken"]


def test_another_error_of_a_broken_file_is_told_but_not_one_that_differs_in_numbers_alone():
    files = BrokenFiles()
    files.news([broken(trace="ValueError: <object at 0x7f01> line 12")], NOON, complete=True)
    assert files.news([broken(trace="ValueError: <object at 0x7aa2> line 13")], NOON, complete=True) == []
    (changed,) = files.news([broken(trace="SyntaxError: invalid syntax")], minute(1), complete=True)
    assert changed.event_id.startswith("af:file:dags-folder:a.py:7:broken:")
    assert changed.payload["error"] == "SyntaxError: invalid syntax"


def test_an_error_that_is_different_each_time_does_not_go_on_and_on():
    files = BrokenFiles()
    told = [
        files.news([broken(trace=f"Error: {chr(97 + turn) * 9}")], minute(turn), complete=True) for turn in range(26)
    ]
    assert sum(map(len, told)) == 10


def test_nothing_is_over_while_the_list_is_not_complete():
    files = BrokenFiles()
    files.news([broken()], NOON, complete=True)
    assert files.news([], minute(1), complete=False) == []


def test_a_trace_is_stored_without_its_secrets():
    (event,) = BrokenFiles().news([broken(trace="ValueError: password=hunter2hunter2")], NOON, complete=True)
    assert "hunter2" not in str(event.payload)


def test_a_component_is_down_from_its_second_silence_on():
    watch = Health()
    assert watch.answered(answer(scheduler="unhealthy"), NOON) == []
    (down,) = watch.answered(answer(scheduler="unhealthy"), minute(0.25))
    assert down.event_id == "af:health:scheduler:2026-11-23T12:00:00+00:00:down"
    assert down.payload["last_heartbeat"] == "2026-11-23T11:58:30+00:00"
    assert watch.answered(answer(scheduler="unhealthy"), minute(0.5)) == []
    assert ids(watch.answered(answer(), minute(3))) == ["af:health:scheduler:2026-11-23T12:00:00+00:00:up"]
    assert watch.answered(answer(), minute(4)) == []


def test_one_silence_is_a_restart():
    watch = Health()
    watch.answered(answer(triggerer="unhealthy"), NOON)
    assert watch.answered(answer(), minute(0.25)) == []
    assert watch.answered(answer(triggerer="unhealthy"), minute(0.5)) == []


def test_a_component_that_is_not_used_is_not_missed():
    watch = Health()
    for turn in range(3):
        assert watch.answered(answer(triggerer=None), minute(turn)) == []
    assert watch.answered({"metadatabase": {"status": "healthy"}}, minute(4)) == []


def test_without_its_database_nothing_is_said_of_the_other_components():
    watch = Health()
    everything = dict.fromkeys(("metadatabase", "scheduler", "triggerer", "dag_processor"), "unhealthy")
    watch.answered(answer(**everything), NOON)
    told = watch.answered(answer(**everything), minute(0.25))
    assert [event.payload["component"] for event in told] == ["metadatabase"]


def test_an_api_that_does_not_answer_is_down_after_a_minute():
    watch = Health()
    assert watch.silent(NOON) == []
    assert watch.silent(minute(0.9)) == []
    (down,) = watch.silent(minute(1.1))
    assert down.event_id == "af:health:api-server:2026-11-23T12:00:00+00:00:down"
    assert watch.silent(minute(2)) == []
    assert ids(watch.answered(answer(), minute(3))) == ["af:health:api-server:2026-11-23T12:00:00+00:00:up"]


def test_an_api_that_answers_now_and_then_is_not_down():
    watch = Health()
    for turn in range(10):
        assert watch.silent(minute(turn)) == []
        assert watch.answered(answer(), minute(turn + 0.5)) == []


@pytest.mark.parametrize(
    ("compared_at", "now", "due"),
    [
        (None, minute(0), False),
        (minute(-1), minute(0), False),
        (minute(-60 * 11), minute(0), True),
        (minute(-60 * 9), minute(0), False),
        (minute(-60 * 100), minute(0), True),
        # Before the hour it is the last night's that counts.
        (datetime(2026, 11, 22, 3, 0, tzinfo=UTC), datetime(2026, 11, 23, 1, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 22, 3, 0, tzinfo=UTC), datetime(2026, 11, 23, 2, 1, tzinfo=UTC), True),
    ],
)
def test_everything_is_compared_once_a_night(compared_at: datetime | None, now: datetime, due: bool):
    assert comparison_due(compared_at, now) is due


def test_it_reads_a_day_at_first_then_what_has_changed_and_two_days_at_night():
    assert look_from(None, NOON, comparing=False) == NOON - timedelta(hours=24)
    assert look_from(minute(-1), NOON, comparing=False) == minute(-3)
    assert look_from(minute(-1), NOON, comparing=True) == NOON - timedelta(hours=48)
    long_away = NOON - timedelta(days=9)
    assert look_from(long_away, NOON, comparing=True) < long_away


def test_a_broken_file_is_red_with_its_error_and_calm_when_it_is_over():
    files = BrokenFiles()
    events = files.news([broken(trace=TRACE + "ValueError: <!channel>\n")], NOON, complete=True)
    told = dag_file.tell(events, SETTING)
    assert told.message.text == f"{FAILED} a.py cannot be imported · ValueError: &lt;!channel&gt;"
    assert told.message.attachments[0]["color"] == RED
    assert (told.state, told.priority, told.over) == ("broken", Priority.FAILURE, False)
    events += files.news([], minute(29), complete=True)
    over = dag_file.tell(events, SETTING)
    assert over.message.text == f"{OK} a.py is imported again, or removed · was broken 11:59-12:29 (30m00s)"
    assert over.message.attachments == []
    assert (over.state, over.priority, over.over) == ("mended", Priority.MILESTONE, True)
    assert dag_file.tell(events[::-1], SETTING) == over


def test_a_broken_file_shows_the_error_it_has_now():
    files = BrokenFiles()
    events = files.news([broken()], NOON, complete=True)
    events += files.news([broken(trace="SyntaxError: invalid syntax")], minute(1), complete=True)
    assert dag_file.tell(events[::-1], SETTING).message.text.endswith("SyntaxError: invalid syntax")


def test_a_part_that_is_down_is_red_with_what_does_not_work_and_calm_when_it_is_back():
    watch = Health()
    watch.answered(answer(scheduler="unhealthy"), NOON)
    events = watch.answered(answer(scheduler="unhealthy"), minute(0.25))
    down = health.tell(events, SETTING)
    assert down.message.text == f"{FAILED} Airflow's scheduler does not answer since 11:58"
    assert down.message.attachments[0]["color"] == RED
    assert "No run and no task starts." in str(down.message.attachments)
    events += watch.answered(answer(), minute(28.5))
    up = health.tell(events, SETTING)
    assert up.message.text == f"{OK} Airflow's scheduler works again · was away 11:58-12:28 (30m00s)"
    assert (up.message.attachments, up.over, up.priority) == ([], True, Priority.MILESTONE)
    assert health.tell(events[::-1], SETTING) == up


def test_a_silenced_series_alarms_nobody():
    quiet = Setting(airflow_url="http://airflow", silenced="moving house, until 2026-12-01")
    events = BrokenFiles().news([broken()], NOON, complete=True)
    assert dag_file.tell(events, quiet).priority is Priority.MILESTONE


@pytest.mark.parametrize("tell", [dag_file.tell, health.tell])
def test_nothing_cannot_be_told(tell: Any):
    with pytest.raises(ValueError, match="at least one event"):
        tell([], SETTING)
