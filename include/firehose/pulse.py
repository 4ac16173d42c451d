"""The daily pulse: one line a day that says the firehose is alive and what it has carried.

A channel in which nothing is posted looks the same whether all is well or nobody is left to post. The pulse comes
every day at one hour, so its absence is noticed; and it counts what no single message can show: events without a
message, and callbacks that have gone silent because a worker lacks the policy.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text

from include.firehose import tables
from include.firehose.event import Event, Kind, Road, RunState, TaskState
from include.firehose.outbox import store
from include.settings.vocabulary import Severity

log = logging.getLogger(__name__)

SERIES = "firehose:pulse"
# Below this share of a day's task events, and from this many on, callbacks count as silent. Killed tasks and marks in
# the UI, which no callback sees, stay far above it.
CALLBACK_SHARE = 0.8
CALLBACK_EVENTS = 20
_HEARD_STATES = (TaskState.SUCCESS, TaskState.FAILED, TaskState.UP_FOR_RETRY)
# Airflow ends these without running them.
_UNHEARD_OPERATORS = ("EmptyOperator",)
_OPEN = ("pending", "sending", "unknown")

Span = tuple[datetime, datetime]


def event_id(day: date) -> str:
    """`pulse:{date}`, the event and its message: whoever tells the day first has told it."""
    return f"pulse:{day.isoformat()}"


def span(day: date, timezone: tzinfo) -> Span:
    """The day from midnight to midnight on the clock of the time zone: 23 or 25 hours when that is put on or back."""
    begin = datetime.combine(day, time(), timezone)
    return begin, datetime.combine(day + timedelta(days=1), time(), timezone)


def callbacks_silent(seen: int, of: int) -> bool:
    """Whether so few of a day's task events came by callback that a policy must be missing somewhere."""
    return of >= CALLBACK_EVENTS and seen < CALLBACK_SHARE * of


def _nothing(begin: datetime, end: datetime) -> Sequence[str]:
    return ()


def _no_silence(today: date) -> Sequence[str]:
    return ()


def _no_problem() -> str:
    return ""


class _Count:
    """What is unaccounted for, counted in a thread: an audit reads Slack for minutes, and others want their turns."""

    def __init__(self, count: Callable[[datetime, datetime], int], begin: datetime, end: datetime) -> None:
        self.result: int | None = None
        self._count, self._span = count, (begin, end)
        self._thread = threading.Thread(target=self._run, name="firehose-audit", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.result = self._count(*self._span)
        except Exception:
            log.exception("The day could not be audited, the pulse counts by the outbox alone.")


@dataclass
class Pulse:
    """Writes the pulse event of yesterday, once, from `hour` o'clock on in `timezone`.

    `late_series` names what was late in a span, `expired_silences` the silences that have run out, and
    `silences_problem` says why the file of silences cannot be used; all are asked once a day and the first two may
    fail. `unaccounted` counts by a whole audit of the span instead of by the outbox alone; it runs
    in a thread, and the pulse is written by the first round after its end.
    """

    outbox: Engine
    timezone: tzinfo
    hour: int = 8
    late_series: Callable[[datetime, datetime], Sequence[str]] = _nothing
    expired_silences: Callable[[date], Sequence[str]] = _no_silence
    silences_problem: Callable[[], str] = _no_problem
    unaccounted: Callable[[datetime, datetime], int] | None = None
    _told: date | None = field(default=None, init=False)
    _counting: _Count | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not 0 <= self.hour <= 23:
            raise ValueError(f"The pulse's hour is {self.hour!r}: use a whole number from 0 to 23.")

    def round(self, now: datetime) -> int:
        """Write yesterday's pulse when it is due and not written; returns how many events that were."""
        local = now.astimezone(self.timezone)
        day = local.date() - timedelta(days=1)
        if local.hour < self.hour or day == self._told:
            return 0
        with self.outbox.begin() as connection:
            due = _due(connection, day, self.timezone)
        if due and not self._counted(day):
            return 0
        written = self._write(day) if due else 0
        self._told, self._counting = day, None
        return written

    def _counted(self, day: date) -> bool:
        """Whether the audit is over, if there is to be one; begins it."""
        if self.unaccounted is None:
            return True
        self._counting = self._counting or _Count(self.unaccounted, *span(day, self.timezone))
        return self._counting.is_over

    def _write(self, day: date) -> int:
        begin, end = span(day, self.timezone)
        late = _asked(lambda: self.late_series(begin, end), "late series")
        silences = _asked(lambda: self.expired_silences(day + timedelta(days=1)), "silences")
        with self.outbox.begin() as connection:
            figures = _figures(connection, begin, end)
            if self._counting is not None and self._counting.result is not None:
                figures["unaccounted"] = self._counting.result
            payload = {
                "date": day.isoformat(),
                **figures,
                "callbacks_silent": callbacks_silent(**figures["callback"]),
                "late": late,
                "expired_silences": silences,
                "silences_problem": self.silences_problem(),
            }
            event = Event(
                event_id=event_id(day),
                kind=Kind.PULSE,
                series=SERIES,
                subject_key=event_id(day),
                occurred_at=datetime.combine(day + timedelta(days=1), time(self.hour), self.timezone),
                severity=_severity(payload),
                payload=payload,
            )
            # Another watcher may have been faster: its numbers stand.
            return 0 if _written(connection, day) else store(connection, [event], Road.WATCH)


def _asked(question: Callable[[], Sequence[str]], what: str) -> list[str]:
    """The answer; a sentence when there is none, because an empty list would say that all is well."""
    try:
        return [str(line) for line in question()]
    except Exception:
        log.exception("The pulse cannot read the %s.", what)
        return [f"{what} could not be read, see the log of the watch"]


def _severity(payload: Mapping[str, Any]) -> Severity:
    if payload["callbacks_silent"] or payload["unaccounted"]:
        return Severity.ERROR
    warned = payload["late"] or payload["expired_silences"] or payload["silences_problem"]
    return Severity.WARNING if warned else Severity.INFO


def _due(connection: Connection, day: date, timezone: tzinfo) -> bool:
    since = _listening_since(connection)
    return since is not None and since < span(day, timezone)[1] and not _written(connection, day)


def _listening_since(connection: Connection) -> datetime | None:
    """When the outbox first heard of anything; what the reconciler reads of the time before has no callback."""
    return connection.scalar(select(func.min(tables.event.c.first_seen_at)))


def _written(connection: Connection, day: date) -> bool:
    query = select(tables.event.c.event_id).where(tables.event.c.event_id == event_id(day))
    return connection.scalar(query) is not None


def _figures(connection: Connection, begin: datetime, end: datetime) -> dict[str, Any]:
    event = tables.event
    day = (event.c.occurred_at >= begin, event.c.occurred_at < end)
    kinds = select(event.c.kind, func.count()).where(*day).group_by(event.c.kind)
    state = event.c.payload["state"].astext
    ends = (event.c.kind == Kind.RUN.value, state.in_([RunState.SUCCESS.value, RunState.FAILED.value]))
    runs = select(state, func.count()).where(*day, *ends).group_by(state)
    counted = {row[0]: row[1] for row in connection.execute(kinds)}
    return {
        "events": sum(counted.values()),
        "kinds": counted,
        "runs": {row[0]: row[1] for row in connection.execute(runs)},
        "messages": _messages(connection, begin, end),
        "unaccounted": _untold(connection, begin, end),
        "callback": _by_callback(connection, begin, end),
        "waiting_seconds": _waiting(connection),
    }


def _messages(connection: Connection, begin: datetime, end: datetime) -> int:
    """Posts and replies that Slack took in the span; an edit is no new message."""
    delivery = tables.delivery
    taken = (delivery.c.state == "sent", delivery.c.op != "update")
    query = select(func.count()).where(*taken, delivery.c.updated_at >= begin, delivery.c.updated_at < end)
    return connection.scalar(query) or 0


def _untold(connection: Connection, begin: datetime, end: datetime) -> int:
    event, delivery, link = tables.event, tables.delivery, tables.delivery_event
    carried = (
        select(link.c.event_id)
        .join(delivery, delivery.c.delivery_id == link.c.delivery_id)
        .where(link.c.event_id == event.c.event_id, delivery.c.state == "sent")
    )
    query = select(func.count()).where(event.c.occurred_at >= begin, event.c.occurred_at < end, ~carried.exists())
    return connection.scalar(query) or 0


def _by_callback(connection: Connection, begin: datetime, end: datetime) -> dict[str, int]:
    """How many of the task events that a callback could have seen it has seen."""
    event = tables.event
    operator = func.coalesce(event.c.payload["operator"].astext, "")
    listening = select(func.min(event.c.first_seen_at)).scalar_subquery()
    query = select(func.count().filter(event.c.seen_via.contains([Road.CALLBACK.value])), func.count()).where(
        event.c.kind == Kind.TASK.value,
        event.c.occurred_at >= listening,
        event.c.occurred_at >= begin,
        event.c.occurred_at < end,
        event.c.payload["state"].astext.in_([state.value for state in _HEARD_STATES]),
        operator.not_in(_UNHEARD_OPERATORS),
        ~event.c.seen_via.contains([Road.BUILD.value]),
    )
    seen, of = connection.execute(query).one()
    return {"seen": seen, "of": of}


def _waiting(connection: Connection) -> float | None:
    """How many seconds the oldest message has waited for Slack by now; None when none waits."""
    delivery = tables.delivery
    age = func.extract("epoch", text("clock_timestamp()") - func.min(delivery.c.created_at))
    seconds = connection.scalar(select(age).where(delivery.c.state.in_(_OPEN)))
    return None if seconds is None else round(float(seconds), 1)
