"""What the outbox remembers of a series: how long it takes, how often it has failed, how much it brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, func, select

from include.firehose import tables
from include.firehose.event import Event, Kind, RunState, TaskState

USUAL_OF_LAST = 30
# Nobody reads further than "50th time in a row".
LOOK_BACK = 50
# More failures of one run are named, not counted back.
COUNTED_FAILURES = 5
COUNTED = (Kind.TASK, Kind.BUILD)


def series_of(events: Sequence[Event]) -> str:
    """The series whose beat the subject is: for a run its DAG's, whatever tasks' events it has."""
    for event in events:
        if event.kind is Kind.TASK:
            return f"af:dag:{event.payload.get('dag_id', '')}"
    return events[0].series


def usual_seconds(connection: Connection, series: str, key: str) -> list[float]:
    """How many seconds the last successful runs of the DAG took, but for the subject `key`."""
    subject = tables.subject
    seconds = func.extract("epoch", subject.c.ended_at - subject.c.started_at)
    good = (subject.c.series == series, subject.c.state == RunState.SUCCESS.value, subject.c.subject_key != key)
    query = select(seconds).where(*good, subject.c.started_at.is_not(None))
    return [
        float(value) for value in connection.scalars(query.order_by(subject.c.ended_at.desc()).limit(USUAL_OF_LAST))
    ]


def failures_in_a_row(connection: Connection, key: str, events: Sequence[Event]) -> dict[str, int]:
    """By the event of a task's or a build's failure: how many times in a row it has failed, this one included."""
    failed = [event for event in events if event.kind in COUNTED and event.payload.get("state") == TaskState.FAILED]
    failed.sort(key=lambda event: (event.occurred_at, event.event_id))
    return {event.event_id: 1 + _failures_before(connection, key, event) for event in failed[:COUNTED_FAILURES]}


def _failures_before(connection: Connection, key: str, event: Event) -> int:
    table = tables.event
    state = table.c.payload["state"].astext
    query = (
        select(table.c.subject_key, state.label("state"))
        .where(
            table.c.series == event.series,
            table.c.subject_key != key,
            table.c.occurred_at < event.occurred_at,
            state.in_([TaskState.SUCCESS.value, TaskState.FAILED.value]),
        )
        .order_by(table.c.occurred_at.desc())
        .limit(LOOK_BACK)
    )
    runs: dict[str, str] = {}
    for row in connection.execute(query):
        # A run's last word comes first; what it retried before does not count.
        runs.setdefault(row.subject_key, row.state)
    count = 0
    for last in runs.values():
        if last != TaskState.FAILED:
            break
        count += 1
    return count


def rows_before(connection: Connection, key: str, events: Sequence[Event]) -> dict[str, list[int]]:
    """By the event of a sync's end: how many rows its earlier syncs have loaded, oldest first."""
    return {event.event_id: _rows_before(connection, key, event) for event in events if _is_sync(event.payload)}


def _is_sync(payload: Mapping[str, Any]) -> bool:
    facts = payload.get("facts")
    return payload.get("state") == TaskState.SUCCESS and isinstance(facts, Mapping) and "streams" in facts


def _rows_before(connection: Connection, key: str, event: Event) -> list[int]:
    table = tables.event
    rows = table.c.payload["facts"]["rows"]
    query = (
        select(rows.as_integer())
        .where(
            table.c.series == event.series,
            table.c.subject_key != key,
            table.c.occurred_at < event.occurred_at,
            table.c.payload["state"].astext == TaskState.SUCCESS.value,
            func.jsonb_typeof(rows) == "number",
        )
        .order_by(table.c.occurred_at.desc())
        .limit(USUAL_OF_LAST)
    )
    return list(reversed(list(connection.scalars(query))))


def told_in_thread(connection: Connection, key: str) -> set[str]:
    """The events that a line of the subject's thread carries already, sent or not."""
    delivery, link = tables.delivery, tables.delivery_event
    mine = (delivery.c.subject_key == key, delivery.c.op == "reply")
    query = select(link.c.event_id).join_from(link, delivery, link.c.delivery_id == delivery.c.delivery_id)
    return set(connection.scalars(query.where(*mine)))


def waiting_reply(connection: Connection, key: str) -> tuple[str, set[str]] | None:
    """The last reply of the subject if it still waits and may take more lines: its id and the events it carries."""
    delivery, link = tables.delivery, tables.delivery_event
    mine = (delivery.c.subject_key == key, delivery.c.op == "reply")
    last = connection.execute(
        select(delivery.c.delivery_id, delivery.c.state, delivery.c.priority, delivery.c.attempts)
        .where(*mine)
        .order_by(delivery.c.seq.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.state != "pending" or last.attempts or last.priority == 0:
        return None
    carried = select(link.c.event_id).where(link.c.delivery_id == last.delivery_id)
    return str(last.delivery_id), set(connection.scalars(carried))
