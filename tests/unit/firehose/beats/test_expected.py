"""When a beat is due: Airflow's own instants through the nights when clocks change, and the other ways to expect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.timetables.trigger import CronTriggerTimetable

from include.firehose.beats.expected import (
    InvalidSchedule,
    first_expected,
    hourly_rates,
    next_expected,
    next_instant,
    ready,
    silent_too_long,
)
from include.firehose.beats.series import HOURS_OF_WEEK, Schedule, ScheduleKind

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
CRONS = (
    "30 2 * * *",
    "0 6 * * *",
    "5 * * * *",
    "*/15 * * * *",
    "0 */2 * * *",
    "30 1 * * 0",
    "0 0 1 * *",
    "15 2 29 2 *",
)


def cadence(**more: object) -> Schedule:
    values = {"series": "mq:x", "name": "x", "kind": ScheduleKind.CADENCE} | more
    return Schedule(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("cron", CRONS)
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("start", ["2026-03-06", "2026-03-27", "2026-10-02", "2026-10-23", "2026-10-30"])
def test_instants_of_a_cron_expression_are_airflows_own_through_every_change_of_clocks(
    cron: str, zone: str, start: str
):
    timetable = CronTriggerTimetable(cron, timezone=zone)
    ours, theirs = datetime.fromisoformat(start).replace(tzinfo=UTC), pendulum.parse(start)
    for _ in range(120):
        ours, theirs = next_instant(cron, zone, ours), timetable._get_next(theirs)
        assert ours == theirs


def test_a_day_without_half_past_two_has_its_beat_an_hour_later_and_one_only():
    before = datetime(2026, 3, 28, 12, 0, tzinfo=UTC)
    first = next_instant("30 2 * * *", "Europe/Berlin", before)
    assert first == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert next_instant("30 2 * * *", "Europe/Berlin", first) == datetime(2026, 3, 30, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(("cron", "zone"), [("61 * * * *", "UTC"), ("nonsense", "UTC"), ("0 6 * * *", "Mars/Phobos")])
def test_a_schedule_that_nobody_can_follow_is_named(cron: str, zone: str):
    with pytest.raises(InvalidSchedule, match=f"`.*` in {zone}"):
        next_instant(cron, zone, MONDAY)


def test_a_series_is_waited_for_from_the_schedulers_next_instant_on():
    later = MONDAY + timedelta(days=3)
    cron = Schedule(
        series="s", name="s", kind=ScheduleKind.CRON, cron="0 6 * * *", next_run_at=later.replace(hour=6, minute=0)
    )
    assert first_expected(cron, MONDAY) == later.replace(hour=6, minute=0)
    assert first_expected(cron, later + timedelta(days=1)) == later + timedelta(days=2)


def test_an_announced_cadence_goes_on_from_its_announced_instant():
    announced = MONDAY - timedelta(hours=5)
    schedule = cadence(period=timedelta(hours=2), next_run_at=announced)
    assert first_expected(schedule, MONDAY) == MONDAY + timedelta(hours=1)
    assert next_expected(schedule, MONDAY + timedelta(hours=1)) == MONDAY + timedelta(hours=3)


def test_a_timetable_without_a_period_is_expected_where_it_is_announced_and_nowhere_else():
    schedule = cadence(next_run_at=MONDAY + timedelta(hours=1))
    assert first_expected(schedule, MONDAY) == MONDAY + timedelta(hours=1)
    assert next_expected(schedule, MONDAY + timedelta(hours=1)) is None
    assert first_expected(schedule, MONDAY + timedelta(hours=2)) is None


def test_all_that_is_needed_is_ready_with_the_last_of_each_group():
    at = [MONDAY + timedelta(minutes=minute) for minute in range(10)]
    needs = (("a", "b"), ("c",))
    assert ready(needs, {"a": (at[0], at[2])}) is None
    assert ready(needs, {"a": (at[0], at[2]), "c": (at[1], at[5])}) == (at[1], at[5])
    assert ready(needs, {"a": (at[0], at[2]), "b": (at[3], at[9]), "c": (at[1], at[5])}) == (at[1], at[5])


def test_silence_is_no_news_before_seven_active_hours_were_due():
    working_hours = [(day * 24 + hour, 8) for day in range(5) for hour in range(9, 17)]
    rates = hourly_rates(working_hours, 8)
    end = silent_too_long(rates, "UTC", MONDAY.replace(hour=8))
    assert end is not None
    assert end.hour == 17
    assert end.date() == MONDAY.date()
    over_the_weekend = silent_too_long(rates, "UTC", MONDAY.replace(hour=18) + timedelta(days=4))
    assert over_the_weekend == MONDAY.replace(hour=17) + timedelta(days=7)


def test_what_happens_rarely_is_never_missed():
    rates = hourly_rates([(12, 1)], 8)
    assert silent_too_long(rates, "UTC", MONDAY) is None
    assert silent_too_long([0.0] * HOURS_OF_WEEK, "UTC", MONDAY) is None


def test_no_hour_is_ever_certain():
    assert max(hourly_rates([(0, 20)], 8)) < 1


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (ScheduleKind.CRON, "a cron expression"),
        (ScheduleKind.ASSET, "the series it needs"),
        (ScheduleKind.CADENCE, "a period or its next run"),
        (ScheduleKind.RATE, "168 hourly rates"),
    ],
)
def test_a_schedule_that_does_not_say_when_is_refused(kind: ScheduleKind, missing: str):
    with pytest.raises(ValueError, match=missing):
        Schedule(series="s", name="s", kind=kind)
