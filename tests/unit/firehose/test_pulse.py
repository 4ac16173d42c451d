"""The daily pulse: one calm line, red only for what is wrong, and a day as long as it is on the reader's clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.firehose.blocks import MAX_BLOCKS, MAX_CHARS, MAX_TEXT_BYTES, size
from include.firehose.designs.pulse import tell
from include.firehose.designs.style import RED
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event, Kind
from include.firehose.pulse import SERIES, Pulse, callbacks_silent, event_id, span
from include.settings.vocabulary import Severity

DAY = date(2026, 11, 22)
SETTING = Setting(airflow_url="http://127.0.0.1:8080", timezone=UTC)
FACTS: dict[str, Any] = {
    "date": "2026-11-22",
    "events": 1284,
    "messages": 96,
    "unaccounted": 0,
    "callback": {"seen": 970, "of": 1000},
    "callbacks_silent": False,
    "waiting_seconds": 2.0,
    "kinds": {"airflow.task": 1180, "airflow.run": 100, "meta.answer": 4},
    "runs": {"success": 98, "failed": 2},
    "late": [],
    "expired_silences": [],
    "silences_problem": "",
}


def pulse(**changes: Any) -> Event:
    return Event(
        event_id=event_id(DAY),
        kind=Kind.PULSE,
        series=SERIES,
        subject_key=event_id(DAY),
        occurred_at=datetime(2026, 11, 23, 8, tzinfo=UTC),
        severity=Severity.INFO,
        payload=FACTS | changes,
    )


def telling(**changes: Any) -> Telling:
    return tell([pulse(**changes)], SETTING)


def contexts(message: Message) -> list[str]:
    return [block["elements"][0]["text"] for block in message.blocks if block["type"] == "context"]


def test_a_good_day_is_one_calm_line():
    told = telling()
    assert told.message.text == (
        "● Yesterday, 2026-11-22: 1,284 events · 96 messages · 0 unaccounted · seen by callback 97 % · "
        "oldest waiting 2s"
    )
    assert not told.message.attachments
    assert (told.priority, told.over, told.state, told.series) == (Priority.MILESTONE, True, "ok", SERIES)


def test_the_second_line_counts_by_kind_the_largest_first_and_the_third_the_runs():
    assert contexts(telling().message) == ["tasks 1,180 · runs 100 · answers 4", "runs ended  98 ●  2 ✕"]


def test_a_kind_that_is_not_known_yet_is_shown_by_its_own_name():
    assert contexts(telling(kinds={"new.kind": 3}).message)[0] == "new.kind 3"


def test_a_silence_that_has_run_out_is_named_in_the_line_and_is_no_red_bar():
    told = telling(expired_silences=["payments_hourly, until 2026-11-20, ada"])
    assert told.message.text.startswith("▲ ")
    assert told.message.text.endswith("1 silence has run out (payments_hourly, until 2026-11-20, ada)")
    assert not told.message.attachments


def test_a_file_of_silences_that_cannot_be_used_is_said_with_what_is_wrong_in_it():
    told = telling(silences_problem="silences.yml: entry 1: `reason` is missing: add it.\nsilences.yml: entry 2: no.")
    assert told.message.text.startswith("▲ ")
    assert told.message.text.endswith("the file of silences cannot be used")
    assert contexts(told.message)[-1] == (
        "▲ The silences declared before hold until this is mended: silences.yml: entry 1: `reason` is missing: add it. "
        "silences.yml: entry 2: no."
    )
    assert (told.message.attachments, told.state) == ([], "warning")


def test_late_series_are_counted_and_named():
    told = telling(late=[f"series_{number}" for number in range(8)])
    assert told.message.text.startswith("▲ ")
    assert contexts(told.message)[-1].startswith("▲ 8 late: series_0, series_1")
    assert contexts(told.message)[-1].endswith("and 2 more")


def test_silent_callbacks_come_first_in_red_with_what_to_check():
    told = telling(callback={"seen": 0, "of": 40}, callbacks_silent=True)
    assert told.message.text.startswith("✕ callbacks silent: 0 % seen via callback · Yesterday")
    (attachment,) = told.message.attachments
    assert attachment["color"] == RED
    assert "airflow_local_settings" in attachment["blocks"][1]["elements"][0]["text"]
    assert told.priority is Priority.FAILURE


def test_what_is_unaccounted_is_red_and_names_the_command():
    told = telling(unaccounted=3)
    assert "✕ 3 unaccounted" in told.message.text
    assert (
        "python -m include.firehose audit --hours 48" in told.message.attachments[0]["blocks"][1]["elements"][0]["text"]
    )


def test_a_share_is_rounded_down_so_that_a_hundred_means_all():
    assert "seen by callback 99 %" in telling(callback={"seen": 999, "of": 1000}).message.text
    assert "seen by callback 100 %" in telling(callback={"seen": 1000, "of": 1000}).message.text


def test_a_day_without_tasks_says_nothing_of_callbacks_and_an_empty_queue_is_said():
    told = telling(callback={"seen": 0, "of": 0}, waiting_seconds=None)
    assert "callback" not in told.message.text
    assert told.message.text.endswith("nothing waiting")


def test_the_same_events_in_any_order_give_the_same_message():
    later = Event(**{**pulse(events=7).__dict__, "occurred_at": datetime(2026, 11, 23, 9, tzinfo=UTC)})
    assert tell([pulse(), later], SETTING) == tell([later, pulse()], SETTING)


def test_events_without_a_pulse_are_refused():
    with pytest.raises(ValueError, match="needs its event"):
        tell([], SETTING)


def test_foreign_names_cannot_mention_leak_or_burst_the_message():
    nasty = "<!channel> password=hunter2hunter2 \u202egnp.exe " + "x" * 5000
    told = telling(late=[nasty] * 500, expired_silences=[nasty] * 500, silences_problem=nasty * 9)
    assert "<!channel>" not in told.message.text
    assert "hunter2" not in str(told.message.body())
    assert len(told.message.text.encode()) <= MAX_TEXT_BYTES
    assert len(told.message.blocks) <= MAX_BLOCKS
    assert size(told.message.blocks) <= MAX_CHARS


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 11, 22), 24)],
)
def test_a_day_is_as_long_as_on_the_readers_clock(day: date, hours: int):
    begin, end = span(day, ZoneInfo("Europe/Berlin"))
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("seen", "of", "silent"),
    [(0, 19, False), (0, 20, True), (15, 20, True), (16, 20, False), (20, 20, False), (0, 0, False)],
)
def test_callbacks_are_silent_below_eighty_percent_of_twenty_events(seen: int, of: int, silent: bool):
    assert callbacks_silent(seen, of) is silent


@pytest.mark.parametrize("hour", [-1, 24])
def test_an_hour_that_is_none_is_refused(hour: int):
    with pytest.raises(ValueError, match="from 0 to 23"):
        Pulse(None, UTC, hour=hour)  # type: ignore[arg-type]


def test_before_its_hour_the_pulse_asks_nobody():
    # Without an outbox any question would fail.
    assert Pulse(None, UTC, hour=8).round(datetime(2026, 11, 23, 7, 59, tzinfo=UTC)) == 0  # type: ignore[arg-type]
