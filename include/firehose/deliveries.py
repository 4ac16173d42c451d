"""The deliveries' way from pending to sent: what is claimed, and what is recorded about each call's outcome.

A claim is committed before the call and the outcome after it. A dispatcher that dies between the two leaves a row
`sending`, of which its successor knows only that it may have arrived.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Float, and_, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables
from include.firehose.blocks import context
from include.firehose.designs.style import duration
from include.firehose.limits import PACES
from include.firehose.slack import Fate, Outcome

log = logging.getLogger(__name__)

EDIT_SECONDS = 5
# How long a call whose answer was lost may still be on its way before the channel is searched for it.
SETTLE_SECONDS = 5
# A message that has waited this long says so; an edit shows the present anyway.
LATE_SECONDS = 300
STOPPED_SECONDS = 30
LONGEST_BACKOFF_SECONDS = 30
# Slack's clock orders its history, ours dates the call.
CLOCK_SKEW_SECONDS = 900
METHODS = {"post": "chat.postMessage", "update": "chat.update", "reply": "chat.postMessage"}
HISTORY, REPLIES = "conversations.history", "conversations.replies"


@dataclass(frozen=True)
class Claim:
    """One call to make."""

    delivery_id: str
    op: str
    subject_key: str
    channel_id: str
    parent_ts: str
    body: Mapping[str, Any]
    plain: bool
    attempts: int
    first_attempt_at: datetime
    waited_seconds: float = 0.0

    @property
    def search_method(self) -> str:
        """Where a call whose answer was lost is looked for."""
        return REPLIES if self.op == "reply" else HISTORY

    def content(self) -> Mapping[str, Any]:
        """What Slack is given: the message, or its text alone once Slack has refused the blocks."""
        if self.plain:
            return {"text": self.body["text"], "blocks": [], "attachments": []}
        if self.op == "update" or self.waited_seconds < LATE_SECONDS:
            return self.body
        late = context(f"told {duration(self.waited_seconds)} late")
        return {**self.body, "blocks": [*self.body["blocks"], late]}


def adopt(connection: Connection) -> int:
    """Judge the calls a former holder of the lease has left unfinished; returns how many there were.

    An edit may be repeated. A post or a reply may have arrived, so it is looked for first.
    """
    delivery = tables.delivery
    left = delivery.c.state == "sending"
    values = {
        "not_before": func.now() + timedelta(seconds=SETTLE_SECONDS),
        "error": "The dispatcher ended in the call.",
    }
    posts = connection.execute(
        update(delivery).where(left, delivery.c.op != "update").values(state="unknown", **values)
    )
    edits = connection.execute(update(delivery).where(left).values(state="pending", **values))
    return posts.rowcount + edits.rowcount


def claim(connection: Connection) -> Claim | None:
    """The next call that may be made now, marked as being made; None when there is none."""
    delivery, subject = tables.delivery, tables.subject
    earlier = delivery.alias()
    # A thread is told in its order, whatever became of one of its replies.
    overtaking = select(earlier.c.delivery_id).where(
        earlier.c.subject_key == delivery.c.subject_key,
        earlier.c.op == "reply",
        earlier.c.seq < delivery.c.seq,
        earlier.c.state.in_(["pending", "sending", "unknown"]),
    )
    ready = [op for op, method in METHODS.items() if _may_call(connection, method)]
    query = (
        _columns()
        .where(
            delivery.c.state == "pending",
            delivery.c.op.in_(ready),
            delivery.c.not_before <= func.now(),
            or_(
                delivery.c.op == "post",
                and_(delivery.c.op == "reply", subject.c.parent_ts.is_not(None), ~overtaking.exists()),
                and_(
                    delivery.c.op == "update",
                    subject.c.parent_ts.is_not(None),
                    subject.c.touched_at <= func.now() - timedelta(seconds=EDIT_SECONDS),
                ),
            ),
        )
        .order_by(delivery.c.priority, delivery.c.seq)
        .limit(1)
    )
    row = connection.execute(query).one_or_none() if ready else None
    if row is None:
        return None
    now = _now(connection)
    first = row.first_attempt_at or now
    connection.execute(
        update(delivery)
        .where(delivery.c.delivery_id == row.delivery_id)
        .values(state="sending", attempts=row.attempts + 1, first_attempt_at=first, updated_at=now)
    )
    _spend(connection, METHODS[row.op], now)
    return Claim(**(row._asdict() | {"attempts": row.attempts + 1, "first_attempt_at": first}))


def next_unknown(connection: Connection) -> Claim | None:
    """A post or reply of which nobody knows whether it arrived, when the channel may be read now."""
    delivery = tables.delivery
    if not (_may_call(connection, HISTORY) and _may_call(connection, REPLIES)):
        return None
    query = _columns().where(delivery.c.state == "unknown", delivery.c.not_before <= func.now())
    row = connection.execute(query.order_by(delivery.c.priority, delivery.c.seq).limit(1)).one_or_none()
    if row is None:
        return None
    made = Claim(**row._asdict())
    _spend(connection, made.search_method, _now(connection))
    return made


def _columns() -> Any:
    delivery, subject = tables.delivery, tables.subject
    return select(
        delivery.c.delivery_id,
        delivery.c.op,
        delivery.c.subject_key,
        subject.c.channel_id,
        func.coalesce(subject.c.parent_ts, "").label("parent_ts"),
        delivery.c.body,
        delivery.c.plain,
        delivery.c.attempts,
        delivery.c.first_attempt_at,
        func.extract("epoch", func.now() - delivery.c.created_at).cast(Float).label("waited_seconds"),
    ).join_from(delivery, subject, delivery.c.subject_key == subject.c.subject_key)


def record(connection: Connection, made: Claim, outcome: Outcome, *, failures: int) -> None:
    """Write down what became of a call; `failures` is how many in a row, this one included, Slack did not answer.

    While Slack is away the methods wait rather than the messages, so the order stays and nothing wakes all at once.
    """
    if outcome.fate is Fate.SENT:
        _sent(connection, made, outcome.ts)
    elif outcome.fate is Fate.GONE and made.op == "update":
        _post_anew(connection, made, outcome)
    elif outcome.fate is Fate.GONE and made.op == "reply":
        _root_anew(connection, made, outcome)
    elif outcome.fate in (Fate.REFUSED, Fate.GONE):
        _refused(connection, made, outcome)
    elif outcome.fate is Fate.LIMITED:
        _block(connection, METHODS[made.op], seconds=outcome.wait)
        _again(connection, made, outcome, seconds=0)
    else:
        wait = STOPPED_SECONDS if outcome.fate is Fate.STOPPED else backoff(failures)
        for method in set(METHODS.values()):
            _block(connection, method, seconds=wait)
        if outcome.fate is Fate.UNKNOWN and made.op != "update":
            _set(connection, made, state="unknown", seconds=SETTLE_SECONDS, error=outcome.error)
        else:
            # A lost edit may still arrive, and must not do so after the next one.
            _again(connection, made, outcome, seconds=SETTLE_SECONDS if outcome.fate is Fate.UNKNOWN else 0)


def record_search(connection: Connection, made: Claim, outcome: Outcome) -> None:
    """Write down what the search for a post has found: it is sent, to be sent, or still unknown."""
    if outcome.fate is Fate.SENT:
        _sent(connection, made, outcome.ts)
    elif outcome.fate is Fate.GONE:
        _root_anew(connection, made, outcome)
    elif outcome.fate is Fate.NOT_SENT and not outcome.error:
        _set(connection, made, state="pending", seconds=0, error="It did not arrive, so it is sent again.")
    else:
        if outcome.fate is Fate.LIMITED:
            _block(connection, made.search_method, seconds=outcome.wait)
        _set(connection, made, state="unknown", seconds=SETTLE_SECONDS, error=outcome.error)


def backoff(failures: int) -> float:
    """Seconds until Slack is tried again: 1, 2, 4 ... 30."""
    return float(min(2 ** min(max(failures - 1, 0), 10), LONGEST_BACKOFF_SECONDS))


def _sent(connection: Connection, made: Claim, ts: str) -> None:
    delivery, subject = tables.delivery, tables.subject
    connection.execute(
        update(delivery)
        .where(delivery.c.delivery_id == made.delivery_id)
        .values(state="sent", slack_ts=ts, updated_at=func.now(), error=None)
    )
    if made.op != "reply":
        mine = subject.c.subject_key == made.subject_key
        connection.execute(update(subject).where(mine).values(parent_ts=ts, touched_at=func.now()))


def _again(connection: Connection, made: Claim, outcome: Outcome, *, seconds: float) -> None:
    _set(connection, made, state="pending", seconds=seconds, error=f"{outcome.fate.value}: {outcome.error}")


def _post_anew(connection: Connection, made: Claim, outcome: Outcome) -> None:
    """The message to edit is gone or may not be edited any more: the same content becomes a new one."""
    subject, delivery = tables.subject, tables.delivery
    connection.execute(
        update(subject).where(subject.c.subject_key == made.subject_key).values(parent_ts=None, touched_at=None)
    )
    connection.execute(
        update(delivery)
        .where(delivery.c.delivery_id == made.delivery_id)
        .values(op="post", state="pending", not_before=func.now(), first_attempt_at=None, error=outcome.error)
    )


def _root_anew(connection: Connection, made: Claim, outcome: Outcome) -> None:
    """The root of the thread is gone: what it last said is posted again, and the reply goes below that."""
    subject, delivery = tables.subject, tables.delivery
    mine = subject.c.subject_key == made.subject_key
    known = connection.execute(select(subject.c.parent_ts, subject.c.rev).where(mine).with_for_update()).one()
    _set(connection, made, state="pending", seconds=0, error=outcome.error)
    if known.parent_ts != made.parent_ts:
        return
    connection.execute(update(subject).where(mine).values(parent_ts=None, touched_at=None, rev=known.rev + 1))
    roots = (delivery.c.subject_key == made.subject_key, delivery.c.op != "reply")
    last = connection.execute(select(delivery).where(*roots).order_by(delivery.c.seq.desc()).limit(1)).one()
    if last.state in ("pending", "sending", "unknown"):
        connection.execute(update(delivery).where(delivery.c.delivery_id == last.delivery_id).values(op="post"))
        return
    again = {name: getattr(last, name) for name in ("subject_key", "priority", "body", "plain")}
    again |= {"delivery_id": uuid.uuid4().hex, "message_key": f"{made.subject_key}#{known.rev + 1}"}
    connection.execute(insert(delivery).values(**again, op="post", state="pending"))


def _refused(connection: Connection, made: Claim, outcome: Outcome) -> None:
    """Slack does not take this message: once more as plain text, and then never again."""
    if made.plain:
        log.error("Slack has refused the message of %s for good: %s", made.subject_key, outcome.error)
        _set(connection, made, state="dead", seconds=0, error=outcome.error)
        if made.op == "post":
            # Without its root a thread can never be told.
            delivery = tables.delivery
            thread = (delivery.c.subject_key == made.subject_key, delivery.c.op == "reply")
            dead = {"state": "dead", "error": "Slack has refused the root of the thread.", "updated_at": func.now()}
            connection.execute(update(delivery).where(*thread, delivery.c.state == "pending").values(dead))
        return
    log.warning("Slack has refused the blocks of %s, its text is sent alone: %s", made.subject_key, outcome.error)
    connection.execute(
        update(tables.delivery).where(tables.delivery.c.delivery_id == made.delivery_id).values(plain=True)
    )
    _set(connection, made, state="pending", seconds=0, error=outcome.error)


def _set(connection: Connection, made: Claim, *, state: str, seconds: float, error: str) -> None:
    connection.execute(
        update(tables.delivery)
        .where(tables.delivery.c.delivery_id == made.delivery_id)
        .values(
            state=state, not_before=func.now() + timedelta(seconds=seconds), updated_at=func.now(), error=error or None
        )
    )


def _now(connection: Connection) -> datetime:
    """The database's clock, which every dispatcher shares; the start of the transaction."""
    return connection.execute(select(func.now())).scalar_one()


def _may_call(connection: Connection, method: str) -> bool:
    """Whether the method's pace and Slack's last Retry-After allow a call now."""
    limit = tables.rate_limit
    row = connection.execute(
        select(limit.c.next_at, limit.c.blocked_until, func.now().label("now")).where(limit.c.method == method)
    ).one_or_none()
    return row is None or (row.blocked_until <= row.now and PACES[method].ready_at(row.next_at) <= row.now)


def _spend(connection: Connection, method: str, now: datetime) -> None:
    limit = tables.rate_limit
    next_at = connection.scalar(select(limit.c.next_at).where(limit.c.method == method)) or now
    after = PACES[method].after_call(next_at, now)
    row = upsert(limit).values(method=method, next_at=after, blocked_until=now)
    connection.execute(row.on_conflict_do_update(index_elements=["method"], set_={"next_at": after}))


def _block(connection: Connection, method: str, *, seconds: float) -> None:
    limit = tables.rate_limit
    until = func.now() + timedelta(seconds=seconds)
    row = upsert(limit).values(method=method, next_at=func.now(), blocked_until=until)
    connection.execute(row.on_conflict_do_update(index_elements=["method"], set_={"blocked_until": until}))
