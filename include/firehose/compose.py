"""Turn new events into messages to send: one root message per subject, edits of it, and the lines of its thread.

Runs in the dispatcher, under its lease, so that two composers never work on one subject. A subject is always told from
all its events; what has not been sent yet is overwritten, which makes a burst of a hundred events one edit, and the
lines that wait for their turn share a reply.
"""

from __future__ import annotations

import hashlib
import json
import logging
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import backlog, history, tables
from include.firehose.blocks import fallback, fitted, lines_of_text
from include.firehose.designs import design_of
from include.firehose.designs.telling import Line, Priority, Setting, Telling
from include.firehose.event import Event, Kind
from include.settings.vocabulary import Severity

log = logging.getLogger(__name__)

BATCH = 200
LINES_PER_REPLY = 25
MANY_LINES = 100
REPLY_CHARS = 7_500
# Lines of a run that goes on wait this long for company.
REPLY_SECONDS = 10
# How long tasks that ended well wait for more of their run, before its message is made anew.
PROGRESS_SECONDS = 2
_DELIVERIES = uuid.UUID("6f0a2f0e-3a4e-4f6b-9a52-6d6f7b1f6b52")
_OPEN = ("sending", "unknown")


def nothing_is_silenced(series: str) -> str:
    """The answer of a place where no silences are declared."""
    return ""


@dataclass
class Composer:
    """Tells subjects to one channel. `silence_of` answers, for a series, why and until when it is silenced."""

    outbox: Engine
    channel_id: str
    airflow_url: str
    timezone: tzinfo
    secrets: Sequence[str] = ()
    silence_of: Callable[[str], str] = nothing_is_silenced
    # Subjects that cannot be told: their events stay uncomposed, where `status` counts them, and hold up no other.
    _broken: set[str] = field(default_factory=set)

    def compose(self) -> int:
        """Bring the messages of up to BATCH changed subjects up to date; returns how many subjects there were."""
        event, delivery = tables.event, tables.delivery
        # Until it is known whether a post has arrived, there is nothing to edit and nothing to post.
        unresolved = select(delivery.c.delivery_id).where(
            delivery.c.subject_key == event.c.subject_key, delivery.c.op != "reply", delivery.c.state.in_(_OPEN)
        )
        # Slack takes an edit every few seconds; a run whose tasks end by the dozen is not told anew for each.
        can_wait = and_(event.c.kind == Kind.TASK.value, event.c.severity == Severity.INFO.value)
        due = or_(
            ~func.bool_and(can_wait),
            func.min(event.c.first_seen_at) < func.now() - timedelta(seconds=PROGRESS_SECONDS),
        )
        query = (
            select(event.c.subject_key)
            .where(event.c.composed_at.is_(None), ~unresolved.exists(), event.c.subject_key.not_in(self._broken))
            .group_by(event.c.subject_key)
            .having(due)
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
                log.exception("The message of %s cannot be told.", key)
                self._broken.add(key)
        with self.outbox.begin() as connection:
            backlog.fold(connection, channel_id=self.channel_id, timezone=self.timezone)
        return len(keys)

    def _compose_subject(self, connection: Connection, key: str) -> None:
        fresh, events = _events(connection, key)
        if not fresh:
            return
        design = design_of(events)
        telling = design(events, self._setting(connection, key, events))
        body = telling.message.body()
        known = _open_subject(connection, key, telling, events[0].kind, self.channel_id)
        body_hash = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        if known.rendered_hash == body_hash:
            delivery_id, folded = _last_delivery(connection, key)
        else:
            delivery_id, folded = _deliver(connection, known, body, telling.priority), False
        _link(connection, delivery_id, fresh)
        # What was told in a digest has no thread; a reply would wait for its root for ever.
        if not folded:
            _reply(connection, key, telling)
        values: dict[str, Any] = {
            "state": telling.state,
            "started_at": telling.started_at,
            "ended_at": telling.ended_at,
            "rendered_hash": body_hash,
        }
        connection.execute(update(tables.subject).where(tables.subject.c.subject_key == key).values(values))
        connection.execute(
            update(tables.event).where(tables.event.c.event_id.in_(fresh)).values(composed_at=func.now())
        )

    def _setting(self, connection: Connection, key: str, events: Sequence[Event]) -> Setting:
        series = history.series_of(events)
        return Setting(
            airflow_url=self.airflow_url,
            timezone=self.timezone,
            usual_seconds=history.usual_seconds(connection, series, key),
            secrets=self.secrets,
            failures_in_a_row=history.failures_in_a_row(connection, key, events),
            rows_before=history.rows_before(connection, key, events),
            silenced=self.silence_of(series),
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


def _open_subject(connection: Connection, key: str, telling: Telling, kind: Kind, channel_id: str) -> Row[Any]:
    """The subject's row, made when it is new."""
    row = {
        "subject_key": key,
        "kind": (Kind.RUN if kind is Kind.TASK else kind).value,
        "series": telling.series,
        "channel_id": channel_id,
        "state": telling.state,
    }
    connection.execute(upsert(tables.subject).values(row).on_conflict_do_nothing())
    return connection.execute(select(tables.subject).where(tables.subject.c.subject_key == key)).one()


def _deliver(connection: Connection, known: Row[Any], body: dict[str, Any], priority: Priority) -> str:
    """Put the message into the subject's unsent delivery, or into a new one; returns its id."""
    delivery = tables.delivery
    mine = (delivery.c.subject_key == known.subject_key, delivery.c.op != "reply")
    # A first message tells of something new, however it goes on.
    if known.parent_ts is None:
        priority = min(priority, Priority.MILESTONE)
    content = {"body": body, "priority": int(priority), "plain": False, "error": None}
    unsent = connection.scalar(
        update(delivery).where(*mine, delivery.c.state == "pending").values(content).returning(delivery.c.delivery_id)
    )
    if unsent is not None:
        return str(unsent)
    op = "update" if known.parent_ts else "post"
    return _new_delivery(connection, known.subject_key, op, content)


def _new_delivery(connection: Connection, key: str, op: str, content: dict[str, Any]) -> str:
    subject = tables.subject
    counted = update(subject).where(subject.c.subject_key == key).values(rev=subject.c.rev + 1).returning(subject.c.rev)
    message_key = f"{key}#{connection.scalar(counted)}"
    delivery_id = uuid.uuid5(_DELIVERIES, message_key).hex
    row = content | {
        "delivery_id": delivery_id,
        "message_key": message_key,
        "op": op,
        "subject_key": key,
        "state": "pending",
    }
    connection.execute(insert(tables.delivery).values(row))
    return delivery_id


def _reply(connection: Connection, key: str, telling: Telling) -> None:
    """Put the lines that no reply carries yet into the thread: a failure by itself, the others together."""
    told = history.told_in_thread(connection, key)
    lines = {line.event_id: line for line in telling.lines}
    for together, failure in _groups(line for line in telling.lines if line.event_id not in told):
        _reply_together(connection, key, lines, together, over=telling.over or failure is not None)
        if failure is not None:
            _hurry(connection, key)
            _add_reply(connection, key, [failure], Priority.FAILURE, seconds=0)


def _groups(lines: Iterable[Line]) -> Iterator[tuple[list[Line], Line | None]]:
    """The lines that can share replies, each time up to the one that stands alone (None at the end)."""
    together: list[Line] = []
    for line in lines:
        if line.blocks:
            yield together, line
            together = []
        else:
            together.append(line)
    yield together, None


def _reply_together(
    connection: Connection, key: str, lines: dict[str, Line], fresh: Sequence[Line], *, over: bool
) -> None:
    """Fill up the reply that still waits, then make new ones; none waits for more once the subject is over."""
    waiting = history.waiting_reply(connection, key)
    if waiting is not None:
        delivery_id, told = waiting
        room = max(0, LINES_PER_REPLY - len(told))
        if fresh[:room]:
            shown = [lines[event_id] for event_id in lines if event_id in told] + list(fresh[:room])
            _fill(connection, delivery_id, shown)
        fresh = fresh[room:]
        if over or fresh:
            delivery = tables.delivery
            mine = delivery.c.delivery_id == delivery_id
            connection.execute(update(delivery).where(mine).values(not_before=func.now()))
    parts = _parts(fresh)
    for part in parts:
        full = over or part is not parts[-1]
        _add_reply(connection, key, part, Priority.DETAIL, seconds=0 if full else REPLY_SECONDS)


def _parts(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines as replies: a few at a time to read, many at a time when there are hundreds to tell."""
    most = LINES_PER_REPLY if len(lines) <= MANY_LINES else MANY_LINES
    parts: list[list[Line]] = []
    chars = 0
    for line in lines:
        if not parts or len(parts[-1]) == most or chars + len(line.text) > REPLY_CHARS:
            parts.append([])
            chars = 0
        parts[-1].append(line)
        chars += len(line.text) + 1
    return parts


def _add_reply(connection: Connection, key: str, shown: Sequence[Line], priority: Priority, *, seconds: float) -> None:
    content: dict[str, Any] = {"body": _reply_body(shown), "priority": int(priority), "plain": False}
    content["not_before"] = func.now() + timedelta(seconds=seconds)
    delivery_id = _new_delivery(connection, key, "reply", content)
    _link(connection, delivery_id, [line.event_id for line in shown])


def _fill(connection: Connection, delivery_id: str, shown: Sequence[Line]) -> None:
    delivery = tables.delivery
    mine = delivery.c.delivery_id == delivery_id
    connection.execute(update(delivery).where(mine).values(body=_reply_body(shown)))
    _link(connection, delivery_id, [line.event_id for line in shown])


def _reply_body(shown: Sequence[Line]) -> dict[str, Any]:
    blocks = (
        list(shown[0].blocks) if len(shown) == 1 and shown[0].blocks else [lines_of_text([ln.text for ln in shown])]
    )
    return {"text": fallback("\n".join(line.text for line in shown)), "blocks": fitted(blocks), "attachments": []}


def replies(lines: Sequence[Line]) -> Iterator[dict[str, Any]]:
    """The bodies of a thread's replies if all its lines were told at once."""
    for together, failure in _groups(lines):
        yield from (_reply_body(part) for part in _parts(together))
        if failure is not None:
            yield _reply_body([failure])


def _hurry(connection: Connection, key: str) -> None:
    """A thread keeps its order, so what waits before a failure goes out with it."""
    delivery = tables.delivery
    waiting = (delivery.c.subject_key == key, delivery.c.op == "reply", delivery.c.state == "pending")
    hurried = {"priority": int(Priority.FAILURE), "not_before": func.now()}
    connection.execute(update(delivery).where(*waiting).values(hurried))


def _last_delivery(connection: Connection, key: str) -> tuple[str, bool]:
    """The delivery that shows what the subject looks like now, and whether that is a digest it was folded into."""
    delivery = tables.delivery
    mine = (delivery.c.subject_key == key, delivery.c.op != "reply")
    query = select(delivery.c.delivery_id, delivery.c.folded_into).where(*mine).order_by(delivery.c.seq.desc())
    last = connection.execute(query.limit(1)).one()
    return str(last.folded_into or last.delivery_id), last.folded_into is not None


def _link(connection: Connection, delivery_id: str, event_ids: Sequence[str]) -> None:
    rows = [{"delivery_id": delivery_id, "event_id": event_id} for event_id in event_ids]
    connection.execute(upsert(tables.delivery_event).values(rows).on_conflict_do_nothing())
