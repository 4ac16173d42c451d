"""What the outbox has heard: arrivals of series, outages of Airflow, and how often what has no schedule happens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from include.firehose import tables
from include.firehose.beats.expected import RATE_WEEKS, hourly_rates
from include.firehose.beats.judge import Outage
from include.firehose.beats.series import HOURS_OF_WEEK, Arrival, Schedule, ScheduleKind
from include.firehose.event import Kind, instant

SCHEDULED_KINDS = (Kind.RUN, Kind.ANSWER)
# The ids of events carry the series' name, and end somewhere (event.LONGEST_ID).
LONGEST_SERIES = 900
RATED_KINDS = (Kind.PULL_REQUEST, Kind.PUSH, Kind.BUILD)
# Rows become visible in the order of their commits and not of their times.
OVERLAP = timedelta(minutes=10)
# What a first round learns from.
LONGEST_HISTORY = timedelta(days=60)
OUTAGES_OF_LAST = timedelta(days=2)
# What no run can end without. The triggerer and the DAG processor stop some tasks, not the schedule.
STOPPING = ("scheduler", "api-server", "metadatabase")
AIRFLOW_SERIES = "af:dag:"
_BY_HAND = ("manual", "backfill")
_UNDER_WAY = ("running", "queued")
_FAILED = ("failed", "error", "cancelled")


def arrivals(connection: Connection, since: datetime | None, now: datetime) -> tuple[list[Arrival], datetime | None]:
    """What has been written since `since` (a watermark of before; None: all there is), and the next watermark.

    Some of it may have been read before: entering an arrival twice changes nothing.
    """
    event = tables.event
    news = event.c.first_seen_at > since - OVERLAP if since else event.c.occurred_at > now - LONGEST_HISTORY
    query = select(
        event.c.series,
        event.c.occurred_at,
        event.c.first_seen_at,
        event.c.payload["state"].astext.label("state"),
        event.c.payload["run_type"].astext.label("run_type"),
        event.c.payload["run_after"].astext.label("run_after"),
        event.c.payload["run_started_at"].astext.label("started_at"),
    ).where(
        event.c.kind.in_(SCHEDULED_KINDS), news, func.coalesce(event.c.payload["state"].astext, "").not_in(_UNDER_WAY)
    )
    rows = connection.execute(query).all()
    rated = connection.execute(
        select(
            event.c.series,
            func.max(event.c.occurred_at).label("occurred_at"),
            func.max(event.c.first_seen_at).label("first_seen_at"),
        )
        .where(event.c.kind.in_(RATED_KINDS), news)
        .group_by(event.c.series)
    ).all()
    seen = [row.first_seen_at for row in (*rows, *rated)]
    found = [_arrival(row) for row in rows] + [Arrival(row.series, row.occurred_at) for row in rated]
    return found, max([*seen, *([since] if since else [])], default=None)


def _arrival(row: Row[Any]) -> Arrival:
    return Arrival(
        series=row.series,
        at=row.occurred_at,
        run_after=instant(row.run_after),
        started_at=instant(row.started_at),
        ok=row.state not in _FAILED,
        counts=row.run_type not in _BY_HAND,
    )


def outages(connection: Connection, now: datetime) -> list[Outage]:
    """When Airflow could not run anything, in the last days."""
    event = tables.event
    query = select(event.c.subject_key, event.c.occurred_at, event.c.payload["state"].astext.label("state")).where(
        event.c.kind == Kind.HEALTH,
        event.c.series.in_([f"af:health:{component}" for component in STOPPING]),
        event.c.occurred_at > now - OUTAGES_OF_LAST,
    )
    began: dict[str, datetime] = {}
    ended: dict[str, datetime] = {}
    for row in connection.execute(query):
        (ended if row.state == "up" else began)[row.subject_key] = row.occurred_at
    return [Outage(AIRFLOW_SERIES, since, ended.get(key)) for key, since in began.items()]


def rated(connection: Connection, now: datetime, timezone: tzinfo) -> Sequence[Schedule]:
    """The series without a schedule that are old enough to have a rate for every hour of the week."""
    event = tables.event
    begin = now - timedelta(weeks=RATE_WEEKS)
    of_kind = and_(event.c.kind.in_(RATED_KINDS), func.length(event.c.series) <= LONGEST_SERIES)
    old = select(event.c.series).where(of_kind).group_by(event.c.series).having(func.min(event.c.occurred_at) < begin)
    local = func.timezone(str(timezone), event.c.occurred_at)
    hour = (func.extract("isodow", local) - 1) * 24 + func.extract("hour", local)
    weeks = func.count(func.date_trunc("week", local).distinct())
    rows = connection.execute(
        select(event.c.series, hour.label("hour"), weeks.label("weeks"))
        .where(of_kind, event.c.series.in_(old), event.c.occurred_at > begin)
        # By its name: repeated, the expression would have other parameters and be another one for PostgreSQL.
        .group_by(event.c.series, "hour")
    )
    active: dict[str, list[tuple[int, int]]] = {}
    for row in rows:
        active.setdefault(row.series, []).append((int(row.hour) % HOURS_OF_WEEK, int(row.weeks)))
    return [
        Schedule(
            series=series,
            name=series,
            kind=ScheduleKind.RATE,
            timezone=str(timezone),
            rates=hourly_rates(hours, RATE_WEEKS),
        )
        for series, hours in sorted(active.items())
    ]
