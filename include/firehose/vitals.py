"""Whether the firehose works: what its outbox shows of it, and the verdict on that.

`read` asks the database; `judge` is pure. Between well and ill there is doubt: what may be over in a moment (Slack was
away for one call, a dispatcher is being restarted) is neither reported as well nor alarmed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select, text

from include.firehose import lease, status, tables
from include.firehose.designs.style import duration
from include.firehose.designs.telling import Priority
from include.firehose.redact import mask
from include.settings.vocabulary import Severity

# A restart or a deployment of the dispatcher takes less.
DISPATCHER_SECONDS = 180
OUTBOX_SECONDS = 120
URGENT_SECONDS = 300
RECONCILER_SECONDS = 300
STALLED_SECONDS = 600
# With something to send, a dispatcher that works has sent something since.
FLOWING_SECONDS = 60
# How dispatch.py begins to tell what only a person can mend; its other troubles pass by themselves.
STOPPED = "Slack answers "
_OPEN = ("pending", "sending", "unknown")


@dataclass(frozen=True)
class Vitals:
    """Ages in seconds by the database's clock, None where there is nothing to have an age.

    `beat` is the dispatcher's last sign of life, `due` the oldest message that waits for Slack, `urgent` the oldest
    failure that nobody has been told, `sent` the last call that Slack took. `watermark` is how far the reconciler has
    read.
    """

    beat: float | None = None
    trouble: str = ""
    due: float | None = None
    urgent: float | None = None
    sent: float | None = None
    watermark: str | None = None


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, in one sentence. With `alarms` it keeps messages from being sent at all."""

    text: str
    alarms: bool


@dataclass(frozen=True)
class Verdict:
    """What is wrong, whether more may be, and whether messages are seen to flow."""

    problems: tuple[Problem, ...] = ()
    doubtful: bool = False
    flowing: bool = True

    @property
    def well(self) -> bool:
        """Nothing is wrong, and that is certain."""
        return not self.problems and not self.doubtful

    @property
    def reason(self) -> str:
        """All problems in one line."""
        return " ".join(problem.text for problem in self.problems)

    @property
    def alarm(self) -> str:
        """The problems that need the other road, in one line; empty when there are none."""
        return " ".join(problem.text for problem in self.problems if problem.alarms)


def read(connection: Connection, cursor: str) -> Vitals:
    """The vitals as the outbox shows them; `cursor` is the name of the reconciler's row in the table cursor."""
    delivery, row = tables.delivery, tables.lease
    waiting = delivery.c.state.in_(_OPEN)
    beat = connection.execute(
        select(_age(row.c.renewed_at), func.coalesce(row.c.trouble, "")).where(row.c.name == lease.NAME)
    ).one_or_none()
    urgent = (
        _oldest(connection, delivery.c.created_at, waiting, delivery.c.priority == int(Priority.FAILURE)),
        _oldest(connection, tables.event.c.first_seen_at, *_failure_without_message()),
    )
    last_sent = _age(func.max(delivery.c.updated_at))
    source = tables.cursor.c
    return Vitals(
        beat=float(beat[0]) if beat else None,
        trouble=beat[1] if beat else "",
        due=_oldest(connection, delivery.c.created_at, waiting),
        urgent=max((age for age in urgent if age is not None), default=None),
        sent=_seconds(connection.scalar(select(last_sent).where(delivery.c.state == "sent"))),
        watermark=connection.scalar(select(source.watermark).where(source.source == cursor)),
    )


def _failure_without_message() -> tuple[ColumnElement[bool], ...]:
    """A failure that could not be composed has no delivery whose age would show it."""
    event, link = tables.event, tables.delivery_event
    carried = select(link.c.event_id).where(link.c.event_id == event.c.event_id)
    return (event.c.composed_at.is_(None), event.c.severity == Severity.ERROR.value, ~carried.exists())


def _oldest(connection: Connection, column: ColumnElement[Any], *where: ColumnElement[bool]) -> float | None:
    return _seconds(connection.scalar(select(_age(func.min(column))).where(*where)))


def _age(column: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.extract("epoch", text("clock_timestamp()") - column)


def _seconds(age: Any) -> float | None:
    return None if age is None else float(age)


def judge(vitals: Vitals, *, watching: float, still: float | None) -> Verdict:
    """The verdict on the vitals.

    `watching` is for how many seconds somebody has watched: what is old when the watch begins (all was down, all is
    being started) gets its time first. `still` is for how long the reconciler's watermark has stood, None without one.
    """
    beat = math.inf if vitals.beat is None else vitals.beat
    problems = tuple(_problems(vitals, beat, watching, still))
    moving = vitals.due is None or (vitals.sent is not None and vitals.sent < FLOWING_SECONDS)
    early = beat >= status.LATE_SECONDS or bool(vitals.trouble) or _old(vitals.urgent, URGENT_SECONDS)
    return Verdict(problems, doubtful=early and not problems, flowing=moving)


def _problems(vitals: Vitals, beat: float, watching: float, still: float | None) -> Iterator[Problem]:
    if min(beat, watching) >= DISPATCHER_SECONDS:
        since = "has ever worked" if math.isinf(beat) else f"has worked for {duration(beat)}"
        yield Problem(f"No dispatcher {since}: start `python -m include.firehose dispatch`.", alarms=True)
    elif vitals.trouble.startswith(STOPPED):
        # Not masked: it is a sentence of ours, in which "token_revoked: mend" looks like a secret and its value.
        yield Problem(vitals.trouble, alarms=True)
    elif _stalled(vitals, watching):
        wait = f"has waited for {duration(vitals.due or 0)}"
        yield Problem(f"Slack has taken nothing while a message {wait}. {mask(vitals.trouble)}".strip(), alarms=True)
    elif _old(vitals.urgent, URGENT_SECONDS) and watching >= URGENT_SECONDS:
        yield Problem(f"A failure has waited for {duration(vitals.urgent or 0)} to be told.", alarms=False)
    if _old(still, RECONCILER_SECONDS):
        yield Problem(f"The reconciler has read nothing for {duration(still or 0)}.", alarms=False)


def _stalled(vitals: Vitals, watching: float) -> bool:
    sent = math.inf if vitals.sent is None else vitals.sent
    return _old(vitals.due, STALLED_SECONDS) and min(sent, watching) >= STALLED_SECONDS


def _old(age: float | None, limit: float) -> bool:
    return age is not None and age >= limit


def judge_absence(seconds: float, reason: str) -> Verdict:
    """The verdict when the outbox itself has not answered for so long."""
    if seconds < OUTBOX_SECONDS:
        return Verdict(doubtful=True, flowing=False)
    problem = f"The outbox has not answered for {duration(seconds)}: {reason}"
    return Verdict((Problem(problem, alarms=True),), flowing=False)
