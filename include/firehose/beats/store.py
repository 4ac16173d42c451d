"""The book in the outbox's tables, so that a watch that is started again goes on where the last one was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, ScalarResult, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables
from include.firehose.beats.book import Book
from include.firehose.beats.rule import POOL_SIZE, Pool
from include.firehose.beats.series import (
    OPEN_STATES,
    Beat,
    BeatState,
    Reason,
    Schedule,
    ScheduleKind,
    Series,
)

# Longer than any history a line is drawn from.
KEPT = timedelta(days=180)


def load(connection: Connection) -> Book:
    """All series, their open beats, and what they have learned together."""
    beat = tables.beat
    newest = (
        select(beat.c.residual, beat.c.arrived_at)
        .where(beat.c.residual.is_not(None))
        .order_by(beat.c.arrived_at.desc())
        .limit(POOL_SIZE)
        .subquery()
    )
    residuals: ScalarResult[float] = connection.scalars(select(newest.c.residual).order_by(newest.c.arrived_at))
    series = [_series(row) for row in connection.execute(select(tables.series))]
    beats = connection.execute(select(beat).where(beat.c.state.in_(OPEN_STATES)))
    return Book.of(Pool.of(residuals), series, [_beat(row) for row in beats])


def save(connection: Connection, book: Book, now: datetime) -> None:
    """Write down what a round has changed, and let go of what is too old to matter."""
    table = tables.series
    rows = [_series_row(book.series[name]) for name in sorted(book.changed_series)]
    if rows:
        statement = upsert(table)
        news = {column.name: statement.excluded[column.name] for column in table.columns if column.name != "series"}
        connection.execute(statement.on_conflict_do_update(index_elements=["series"], set_=news), rows)
    _save_beats(connection, [book.changed_beats[key] for key in sorted(book.changed_beats)])
    beat = tables.beat
    connection.execute(delete(beat).where(beat.c.expected_at < now - KEPT, beat.c.state.not_in(OPEN_STATES)))
    book.changed_series.clear()
    book.changed_beats.clear()


def _save_beats(connection: Connection, beats: Sequence[Beat]) -> None:
    if not beats:
        return
    statement = upsert(tables.beat)
    keys = ("series", "expected_at")
    news = {column.name: statement.excluded[column.name] for column in tables.beat.columns if column.name not in keys}
    rows = [asdict(beat) | {"subject_key": beat.subject_key or None} for beat in beats]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=news), rows)


def late_series(outbox: Engine, begin: datetime, end: datetime) -> list[str]:
    """The names of the series of which a beat that was due in the span came later than usual, or has not come."""
    beat, series = tables.beat, tables.series
    line = beat.c.clock_from + func.make_interval(0, 0, 0, 0, 0, 0, beat.c.late_after)
    not_yet = beat.c.state.in_([BeatState.LATE, BeatState.MISSING])
    query = (
        select(series.c.schedule["name"].astext)
        .join_from(beat, series, beat.c.series == series.c.series)
        .where(
            beat.c.expected_at >= begin,
            beat.c.expected_at < end,
            beat.c.state != BeatState.EXCUSED,
            or_(not_yet, beat.c.arrived_at > line),
        )
        .distinct()
    )
    with outbox.begin() as connection:
        return sorted(connection.scalars(query))


def _series(row: Row[Any]) -> Series:
    return Series(
        source=row.source,
        schedule=_schedule(row.schedule),
        next_expected=row.next_expected,
        last_seen_at=row.last_seen_at,
        gone=row.gone,
        **_remembered(row.memory),
    )


def _series_row(series: Series) -> dict[str, Any]:
    return {
        "series": series.schedule.series,
        "source": series.source,
        "schedule": _schedule_row(series.schedule),
        "next_expected": series.next_expected,
        "memory": _memory(series),
        "last_seen_at": series.last_seen_at,
        "gone": series.gone,
    }


def _beat(row: Row[Any]) -> Beat:
    values = row._asdict()
    return Beat(
        **values
        | {
            "state": BeatState(row.state),
            "reason": Reason(row.reason),
            "subject_key": row.subject_key or "",
        }
    )


def _memory(series: Series) -> dict[str, Any]:
    return {
        "delays": list(series.delays),
        "strays": list(series.strays),
        "heard": {name: [time.isoformat() for time in times] for name, times in series.heard.items()},
        "heard_until": _iso(series.heard_until),
        "last_run_after": _iso(series.last_run_after),
    }


def _remembered(memory: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that `_memory` wrote."""
    return {
        "delays": tuple(memory["delays"]),
        "strays": tuple(memory["strays"]),
        "heard": {
            name: (datetime.fromisoformat(began), datetime.fromisoformat(ended))
            for name, (began, ended) in memory["heard"].items()
        },
        "heard_until": _time(memory["heard_until"]),
        "last_run_after": _time(memory["last_run_after"]),
    }


def _schedule_row(schedule: Schedule) -> dict[str, Any]:
    """The schedule as plain JSON values, times as text and durations as seconds."""
    return asdict(schedule) | {
        "period": schedule.period.total_seconds() if schedule.period else None,
        "next_run_at": _iso(schedule.next_run_at),
        "deadline": schedule.deadline.total_seconds() if schedule.deadline else None,
    }


def _schedule(value: Mapping[str, Any]) -> Schedule:
    return Schedule(
        **{
            **value,
            "kind": ScheduleKind(value["kind"]),
            "period": timedelta(seconds=value["period"]) if value["period"] else None,
            "next_run_at": _time(value["next_run_at"]),
            "needs": tuple(tuple(group) for group in value["needs"]),
            "rates": tuple(value["rates"]),
            "deadline": timedelta(seconds=value["deadline"]) if value["deadline"] else None,
        }
    )


def _iso(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
