"""When the next beat of a series is due, from what is known of its schedule. Pure.

The instants of a cron expression are Airflow's own, to the minute and through the nights when clocks change; a test
compares them with Airflow's timetable. A naive cron would expect a run at 02:30 that never was, or twice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Airflow's own reader of cron expressions; it has no types.
from croniter import CroniterBadCronError, croniter  # type: ignore[import-untyped]

from include.firehose.beats.series import HOURS_OF_WEEK, Schedule, ScheduleKind

RATE_WEEKS = 8
# Silence is news only where that many active hours were due, and where it is less likely than one in a thousand.
RATE_LEAST_EXPECTED = 7.0
RATE_LEAST_CHANCE = 0.001
_HOUR = timedelta(hours=1)


class InvalidSchedule(ValueError):
    """A cron expression or a time zone that nobody can follow."""


@lru_cache(maxsize=4096)
def next_instant(cron: str, timezone: str, after: datetime) -> datetime:
    """The first instant of the cron expression after `after`, in UTC.

    An expression that covers every hour follows elapsed time, any other one the clock on the wall: at the second of two
    equal clock times, and after a gap for one that falls into it. Raises InvalidSchedule.
    """
    try:
        zone = ZoneInfo(timezone)
        local = after.astimezone(zone)
        naive = local.replace(tzinfo=None, fold=0)
        instants = croniter(cron, naive)
        following: datetime = instants.get_next(datetime)
    except (CroniterBadCronError, ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSchedule(f"The schedule `{cron}` in {timezone} cannot be followed: {error}.") from error
    if instants.expanded[1] == ["*"]:
        return after.astimezone(UTC) + (following - naive)
    return _on_the_wall(following, zone)


def _on_the_wall(naive: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which clocks show this; one that no clock shows is as far behind the gap as it is into it."""
    instant = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None, fold=0) == naive:
        return instant
    return naive.replace(tzinfo=zone, fold=0).astimezone(UTC)


def first_expected(schedule: Schedule, now: datetime) -> datetime | None:
    """The first beat that is waited for when a series begins now; None for one whose instants are not known ahead."""
    if schedule.kind is ScheduleKind.CRON:
        later = schedule.next_run_at is not None and schedule.next_run_at > now
        return schedule.next_run_at if later else next_instant(schedule.cron, schedule.timezone, now)
    if not schedule.anchored or schedule.next_run_at is None:
        return None
    if schedule.next_run_at > now:
        return schedule.next_run_at
    if schedule.period is None:
        return None
    return schedule.next_run_at + schedule.period * (math.floor((now - schedule.next_run_at) / schedule.period) + 1)


def next_expected(schedule: Schedule, expected_at: datetime) -> datetime | None:
    """The beat after the one at `expected_at`; None where nobody knows it yet."""
    if schedule.kind is ScheduleKind.CRON:
        return next_instant(schedule.cron, schedule.timezone, expected_at)
    if not schedule.anchored:
        return None
    if schedule.next_run_at is not None and schedule.next_run_at > expected_at:
        return schedule.next_run_at
    return expected_at + schedule.period if schedule.period else None


def ready(
    needs: Sequence[Sequence[str]], heard: Mapping[str, tuple[datetime, datetime]]
) -> tuple[datetime, datetime] | None:
    """When all that is needed was there: (the latest beginning, the latest end) of what delivered it; None if not yet.

    A DAG starts as soon as the assets are written, which may be well before the runs that write them have ended, but
    never before they began.
    """
    used = []
    for group in needs:
        delivered = [heard[series] for series in group if series in heard]
        if not delivered:
            return None
        used.append(min(delivered, key=lambda times: times[1]))
    return max(began for began, _ in used), max(ended for _, ended in used)


def hourly_rates(active: Iterable[tuple[int, int]], weeks: int) -> tuple[float, ...]:
    """Rates per hour of the week, from (hour of the week, in how many of `weeks` weeks something happened in it).

    Hours are counted and not events: a pull request that is pushed to ten times is one busy hour.
    """
    rates = [0.0] * HOURS_OF_WEEK
    for hour, count in active:
        # One more week without, so that no hour is ever certain.
        rates[hour] = min(count, weeks) / (weeks + 1)
    return tuple(rates)


def silent_too_long(rates: Sequence[float], timezone: str, since: datetime) -> datetime | None:
    """The instant at which having heard nothing since `since` stops being chance; None when it never does."""
    zone = ZoneInfo(timezone)
    hour = since.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + _HOUR
    expected, chance = 0.0, 1.0
    for _ in range(RATE_WEEKS * HOURS_OF_WEEK):
        local = hour.astimezone(zone)
        rate = rates[local.weekday() * 24 + local.hour]
        expected, chance = expected + rate, chance * (1 - rate)
        hour += _HOUR
        if expected >= RATE_LEAST_EXPECTED and chance < RATE_LEAST_CHANCE:
            return hour
    return None
