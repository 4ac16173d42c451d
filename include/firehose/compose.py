"""Turn new events into messages to send: one root message per subject, and edits of it.

Runs in the dispatcher, under its lease, so that two composers never work on one subject. A subject is always rendered
from all its events; what has not been sent yet is overwritten, which makes a burst of a hundred events one edit.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables
from include.firehose.event import Event, Kind, RunState
from include.firehose.render import Setting, run_message
from include.firehose.run import Run, fold
from include.settings.vocabulary import Severity

log = logging.getLogger(__name__)

BATCH = 200
USUAL_OF_LAST = 30
# P0 is a failure, P1 the end of a run or its first message, P2 the progress of one.
FAILURE, MILESTONE, PROGRESS = 0, 1, 2
_DELIVERIES = uuid.UUID("6f0a2f0e-3a4e-4f6b-9a52-6d6f7b1f6b52")


@dataclass
class Composer:
    """Renders subjects for one channel."""

    outbox: Engine
    channel_id: str
    airflow_url: str
    timezone: tzinfo
    secrets: Sequence[str] = ()
    # Subjects that cannot be rendered: their events stay uncomposed, where `status` counts them, and hold up no other.
    _broken: set[str] = field(default_factory=set)

    def compose(self) -> int:
        """Bring the messages of up to BATCH changed subjects up to date; returns how many subjects there were."""
        event, delivery = tables.event, tables.delivery
        # Until it is known whether a post has arrived, there is nothing to edit and nothing to post.
        unresolved = select(delivery.c.delivery_id).where(
            delivery.c.subject_key == event.c.subject_key, delivery.c.state.in_(["sending", "unknown"])
        )
        query = (
            select(event.c.subject_key)
            .where(event.c.composed_at.is_(None), ~unresolved.exists(), event.c.subject_key.not_in(self._broken))
            .group_by(event.c.subject_key)
            .order_by(func.min(event.c.occurred_at), event.c.subject_key)
            .limit(BATCH)
        )
        with self.outbox.begin() as connection:
            keys: list[str] = list(connection.scalars(query))
        for key in keys:
            try:
                with self.outbox.begin() as connection:
                    self._compose_subject(connection, key)
            except (ValueError, KeyError, TypeError, AttributeError):
                log.exception("The message of %s cannot be rendered.", key)
                self._broken.add(key)
        return len(keys)

    def _compose_subject(self, connection: Connection, key: str) -> None:
        fresh, events = _events(connection, key)
        if not fresh:
            return
        run = fold(events)
        setting = Setting(self.airflow_url, self.timezone, _usual(connection, run, key), self.secrets)
        body = run_message(run, setting).body()
        body_hash = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        known = _open_subject(connection, key, run, self.channel_id)
        if known.rendered_hash == body_hash:
            delivery_id = _last_delivery(connection, key)
        else:
            delivery_id = _deliver(connection, known, body, body_hash, _priority(known, run))
        _link(connection, delivery_id, fresh)
        values: dict[str, Any] = {
            "state": run.state.value,
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "rendered_hash": body_hash,
        }
        connection.execute(update(tables.subject).where(tables.subject.c.subject_key == key).values(values))
        connection.execute(
            update(tables.event).where(tables.event.c.event_id.in_(fresh)).values(composed_at=func.now())
        )


def _events(connection: Connection, key: str) -> tuple[list[str], list[Event]]:
    """All events of a subject, and the ids of those no message carries yet.

    The new ones are locked, so that a road that adds to one now is seen in the next round rather than never.
    """
    event = tables.event
    mine = event.c.subject_key == key
    locked = select(event.c.event_id).where(mine, event.c.composed_at.is_(None)).with_for_update()
    fresh: list[str] = list(connection.scalars(locked))
    rows = connection.execute(select(event).where(mine))
    return fresh, [_event(row) for row in rows if row.composed_at is not None or row.event_id in set(fresh)]


def _event(row: Row[Any]) -> Event:
    return Event(
        event_id=row.event_id,
        kind=Kind(row.kind),
        series=row.series,
        subject_key=row.subject_key,
        occurred_at=row.occurred_at,
        severity=Severity(row.severity),
        payload=row.payload,
    )


def _usual(connection: Connection, run: Run, key: str) -> list[float]:
    """How many seconds the last successful runs of the DAG took."""
    subject = tables.subject
    seconds = func.extract("epoch", subject.c.ended_at - subject.c.started_at)
    query = (
        select(seconds)
        .where(
            subject.c.series == run.series,
            subject.c.subject_key != key,
            subject.c.state == RunState.SUCCESS.value,
            subject.c.started_at.is_not(None),
        )
        .order_by(subject.c.ended_at.desc())
        .limit(USUAL_OF_LAST)
    )
    return [float(value) for value in connection.scalars(query)]


def _open_subject(connection: Connection, key: str, run: Run, channel_id: str) -> Row[Any]:
    """The subject's row, made when it is new."""
    row = {
        "subject_key": key,
        "kind": Kind.RUN.value,
        "series": run.series,
        "channel_id": channel_id,
        "state": run.state.value,
    }
    connection.execute(upsert(tables.subject).values(row).on_conflict_do_nothing())
    return connection.execute(select(tables.subject).where(tables.subject.c.subject_key == key)).one()


def _priority(known: Row[Any], run: Run) -> int:
    if run.failed_tasks or run.state is RunState.FAILED:
        return FAILURE
    return MILESTONE if run.state is RunState.SUCCESS or known.parent_ts is None else PROGRESS


def _deliver(connection: Connection, known: Row[Any], body: dict[str, Any], body_hash: str, priority: int) -> str:
    """Put the message into the subject's unsent delivery, or into a new one; returns its id."""
    delivery = tables.delivery
    mine = delivery.c.subject_key == known.subject_key
    content = {"body": body, "body_hash": body_hash, "priority": priority, "plain": False, "error": None}
    unsent = connection.scalar(
        update(delivery).where(mine, delivery.c.state == "pending").values(content).returning(delivery.c.delivery_id)
    )
    if unsent is not None:
        return str(unsent)
    rev = known.rev + 1
    message_key = f"{known.subject_key}#{rev}"
    delivery_id = uuid.uuid5(_DELIVERIES, message_key).hex
    row = content | {
        "delivery_id": delivery_id,
        "message_key": message_key,
        "op": "update" if known.parent_ts else "post",
        "subject_key": known.subject_key,
        "state": "pending",
    }
    connection.execute(insert(delivery).values(row))
    connection.execute(update(tables.subject).where(tables.subject.c.subject_key == known.subject_key).values(rev=rev))
    return delivery_id


def _last_delivery(connection: Connection, key: str) -> str:
    """The delivery that shows what the subject looks like now."""
    delivery = tables.delivery
    query = select(delivery.c.delivery_id).where(delivery.c.subject_key == key).order_by(delivery.c.created_at.desc())
    return str(connection.execute(query.limit(1)).scalar_one())


def _link(connection: Connection, delivery_id: str, event_ids: Sequence[str]) -> None:
    rows = [{"delivery_id": delivery_id, "event_id": event_id} for event_id in event_ids]
    connection.execute(upsert(tables.delivery_event).values(rows).on_conflict_do_nothing())
