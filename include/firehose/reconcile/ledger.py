"""What the outbox knows already of the runs and task instances that Airflow has just told of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select

from include.firehose import tables
from include.firehose.event import Kind, Road, instant
from include.firehose.reconcile.attempts import Attempt, Instance, Told
from include.firehose.reconcile.runs import History, Start


def tasks(connection: Connection, attempts: Collection[Attempt]) -> dict[Instance, list[Told]]:
    """The events of the attempts' task instances, whatever their tries."""
    event = tables.event
    task_id = event.c.payload["task_id"].astext
    query = select(event).where(
        event.c.subject_key.in_({attempt.subject for attempt in attempts}),
        event.c.kind == Kind.TASK.value,
        task_id.in_({attempt.task_id for attempt in attempts}),
    )
    found: dict[Instance, list[Told]] = defaultdict(list)
    for row in connection.execute(query):
        key = (row.subject_key, str(row.payload["task_id"]), _whole(row.payload.get("map_index"), -1))
        found[key].append(_told(row))
    return found


def runs(connection: Connection, subjects: Collection[str]) -> dict[str, History]:
    """What is known of each of the runs, also of those of which nothing is."""
    event = tables.event
    mine = event.c.subject_key.in_(subjects)
    told: dict[str, list[Told]] = defaultdict(list)
    for row in connection.execute(select(event).where(mine, event.c.kind == Kind.RUN.value)):
        told[row.subject_key].append(_told(row))
    number, begun = event.c.payload["clear_number"], event.c.payload["run_started_at"]
    query = select(event.c.subject_key, number.label("number"), begun.label("begun")).where(mine).distinct()
    starts: dict[str, list[Start]] = defaultdict(list)
    for row in connection.execute(query):
        starts[row.subject_key].append(Start(_whole(row.number), instant(row.begun)))
    return {subject: History(tuple(told[subject]), tuple(starts[subject])) for subject in subjects}


def without_run(connection: Connection, subjects: Collection[str]) -> set[str]:
    """The subjects of which no event tells how the run itself stands."""
    event = tables.event
    told = event.c.subject_key.in_(subjects) & (event.c.kind == Kind.RUN.value)
    query = select(event.c.subject_key).where(told).distinct()
    return set(subjects) - set(connection.scalars(query))


def _told(row: Row[Any]) -> Told:
    return Told(
        event_id=row.event_id,
        state=str(row.payload.get("state", "")),
        occurred_at=row.occurred_at,
        by_rest=Road.REST.value in row.seen_via,
        try_number=_whole(row.payload.get("try_number"), 1) or 0,
        payload=row.payload,
    )


def _whole(value: Any, default: int | None = None) -> Any:
    return value if isinstance(value, int) else default
