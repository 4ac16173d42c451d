"""Fold what waits for too long: good news that Slack has not been told for a minute becomes one digest.

Slack takes a message a second. After an outage the failures should not wait behind a hundred successes, nor should
people scroll through them; but nothing is dropped: each event stays linked to the message that carries it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import timedelta, tzinfo

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables
from include.firehose.designs.digest import Held, digest_message
from include.firehose.designs.telling import Priority
from include.firehose.event import Kind, RunState
from include.firehose.limits import PACES

log = logging.getLogger(__name__)

FOLD_AFTER_SECONDS = 60
# Fewer are told one by one: a digest should say more than its messages would.
FEWEST = 5
SERIES = "firehose:digest"
_DIGESTS = uuid.UUID("3b0e7d0a-93c4-4b7e-8a53-8c7d2a53f0c1")


def fold(connection: Connection, *, channel_id: str, timezone: tzinfo) -> int:
    """Fold runs that ended well and were never told into a digest, if Slack would need over a minute for all of them.

    Returns how many runs were folded.
    """
    delivery = tables.delivery
    waiting = (delivery.c.state == "pending", delivery.c.op != "update")
    count = connection.scalar(select(func.count()).select_from(delivery).where(*waiting)) or 0
    if count * PACES["chat.postMessage"].seconds < FOLD_AFTER_SECONDS:
        return 0
    rows = _never_told(connection)
    if len(rows) < FEWEST:
        return 0
    _tell(connection, rows, channel_id, timezone)
    log.info("%d runs that ended well are told in one digest.", len(rows))
    return len(rows)


def _never_told(connection: Connection) -> Sequence[Row[tuple[str, str]]]:
    delivery, subject = tables.delivery, tables.subject
    query = (
        select(delivery.c.delivery_id, subject.c.subject_key, subject.c.series, subject.c.ended_at)
        .join_from(delivery, subject, delivery.c.subject_key == subject.c.subject_key)
        .where(
            delivery.c.state == "pending",
            delivery.c.op == "post",
            # A call that was made may have arrived, whatever its answer.
            delivery.c.attempts == 0,
            delivery.c.created_at < func.now() - timedelta(seconds=FOLD_AFTER_SECONDS),
            subject.c.kind == Kind.RUN.value,
            subject.c.state == RunState.SUCCESS.value,
            subject.c.ended_at.is_not(None),
        )
        .order_by(delivery.c.seq)
        .with_for_update()
    )
    return connection.execute(query).all()


def _tell(connection: Connection, rows: Sequence[Row[tuple[str, str]]], channel_id: str, timezone: tzinfo) -> None:
    by_series: dict[str, list[Row[tuple[str, str]]]] = {}
    for row in rows:
        by_series.setdefault(row.series, []).append(row)
    held = [
        Held(
            name=series.removeprefix("af:dag:"),
            count=len(found),
            first=min(row.ended_at for row in found),
            last=max(row.ended_at for row in found),
        )
        for series, found in by_series.items()
    ]
    body = digest_message(held, timezone).body()
    delivery_id = uuid.uuid5(_DIGESTS, rows[0].delivery_id).hex
    key = f"digest:{delivery_id}"
    digest = {"subject_key": key, "kind": Kind.DIGEST.value, "series": SERIES, "channel_id": channel_id}
    connection.execute(insert(tables.subject).values(**digest, state="told", rev=1))
    post = {"delivery_id": delivery_id, "message_key": f"{key}#1", "op": "post", "subject_key": key}
    connection.execute(
        insert(tables.delivery).values(**post, body=body, priority=int(Priority.MILESTONE), state="pending")
    )
    _carry(connection, [row.subject_key for row in rows], delivery_id)


def _carry(connection: Connection, keys: Sequence[str], delivery_id: str) -> None:
    """Let the digest carry every event of the folded subjects, those of their threads as well."""
    delivery, link, event = tables.delivery, tables.delivery_event, tables.event
    folded = {"state": "folded", "folded_into": delivery_id, "updated_at": func.now()}
    mine = (delivery.c.subject_key.in_(keys), delivery.c.state == "pending")
    connection.execute(update(delivery).where(*mine).values(folded))
    carried = select(event.c.event_id).where(event.c.subject_key.in_(keys), event.c.composed_at.is_not(None))
    event_ids: list[str] = list(connection.scalars(carried))
    rows = [{"delivery_id": delivery_id, "event_id": event_id} for event_id in event_ids]
    connection.execute(upsert(link).values(rows).on_conflict_do_nothing())
