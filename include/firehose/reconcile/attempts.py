"""Task instances as the REST API tells them, and which event each of them is. Pure.

Airflow's word and the outbox's must end up the same, so the question is never only "is this id known" but "is this what
the outbox says last". A state that somebody sets by hand keeps the attempt's number and its end date; it gets the time
it was seen at, so that it stands over what it corrects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.firehose.event import Event, Kind, TaskState, again, run_subject, task_event_id
from include.settings.vocabulary import Severity

_STATES = {state.value: state for state in TaskState}
_SEVERITY = {TaskState.FAILED: Severity.ERROR, TaskState.UP_FOR_RETRY: Severity.WARNING}
_INSTANT = timedelta(microseconds=1)

# (subject, task id, map index)
Instance = tuple[str, str, int]


@dataclass(frozen=True)
class Told:
    """An event that is in the outbox already, as far as it matters here."""

    event_id: str
    state: str
    occurred_at: datetime
    by_rest: bool
    try_number: int = 0
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Attempt:
    """One attempt of one task instance that has come to a state worth an event."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    state: TaskState
    started_at: datetime | None
    ended_at: datetime | None
    run_after: str | None
    operator: str | None
    version: str

    @property
    def subject(self) -> str:
        return run_subject(self.dag_id, self.run_id)

    @property
    def instance(self) -> Instance:
        return (self.subject, self.task_id, self.map_index)

    @property
    def event_id(self) -> str:
        """The id that a callback gives to the same fact."""
        return task_event_id(self.dag_id, self.run_id, self.task_id, self.map_index, self.try_number, self.state)


@dataclass(frozen=True)
class News:
    """What the outbox has to be told of an attempt: under which id, when it happened, and whether it corrects it."""

    attempt: Attempt
    event_id: str
    occurred_at: datetime
    corrects: bool = False

    def event(self, added: Mapping[str, Any]) -> Event:
        """The event, with the same keys as a callback's and those added."""
        attempt = self.attempt
        payload = {
            "dag_id": attempt.dag_id,
            "run_id": attempt.run_id,
            "run_after": attempt.run_after,
            "task_id": attempt.task_id,
            "map_index": attempt.map_index,
            "try_number": attempt.try_number,
            "max_tries": attempt.max_tries,
            "state": attempt.state.value,
            # The time between the start and somebody's mark is not what the task took.
            "started_at": None if self.corrects else iso(attempt.started_at),
            "ended_at": iso(attempt.ended_at or self.occurred_at),
            "operator": attempt.operator,
        }
        return Event(
            event_id=self.event_id,
            kind=Kind.TASK,
            series=f"af:task:{attempt.dag_id}:{attempt.task_id}",
            subject_key=attempt.subject,
            occurred_at=self.occurred_at,
            severity=_SEVERITY.get(attempt.state, Severity.INFO),
            payload={key: value for key, value in {**payload, **added}.items() if value is not None},
        )


def read(row: Mapping[str, Any]) -> Attempt | None:
    """The attempt of a row of taskInstances; None when its state is no event (running, queued, deferred ...)."""
    state = _STATES.get(row["state"] or "")
    return _attempt(row, state) if state else None


def read_past(row: Mapping[str, Any]) -> Attempt | None:
    """The attempt of a row of `tries` that another has followed.

    Airflow files whatever had not ended as failed. Where tries were left, what followed was a retry.
    """
    state = _STATES.get(row["state"] or "")
    if state is TaskState.FAILED and row["try_number"] <= row["max_tries"]:
        state = TaskState.UP_FOR_RETRY
    return _attempt(row, state) if state else None


def news(attempt: Attempt, told: Sequence[Told], now: datetime) -> News | None:
    """What is to be told of the attempt, given what was told of its task instance; None when nothing is.

    An attempt that another road has told is told again under the same id, to add what only this road knows.
    """
    same = [event for event in told if event.try_number == attempt.try_number]
    happened = attempt.ended_at or now
    if attempt.state is TaskState.UP_FOR_RETRY:
        standing = _latest(event for event in same if event.state == attempt.state)
    else:
        standing = _latest(event for event in same if event.state != TaskState.UP_FOR_RETRY)
    if standing is None:
        return News(attempt, attempt.event_id, happened)
    if standing.state == attempt.state:
        return None if standing.by_rest else News(attempt, standing.event_id, happened)
    event_id = unused(attempt.event_id, {event.event_id for event in same})
    return News(attempt, event_id, max(now, standing.occurred_at + _INSTANT), corrects=True)


def unused(event_id: str, taken: set[str]) -> str:
    """The id, or with the first number that makes it a new one."""
    number = 1
    candidate = event_id
    while candidate in taken:
        candidate = again(event_id, number)
        number += 1
    return candidate


def missing_tries(attempt: Attempt, told: Sequence[Told]) -> set[int]:
    """The numbers of the earlier attempts of which the outbox knows nothing."""
    return set(range(1, attempt.try_number)) - {event.try_number for event in told}


def time(value: str | None) -> datetime | None:
    """A time as the API writes it."""
    return datetime.fromisoformat(value) if value else None


def iso(value: datetime | None) -> str | None:
    """A time as the callbacks write it."""
    return value.isoformat() if value else None


def _latest(events: Iterable[Told]) -> Told | None:
    return max(events, key=lambda event: (event.occurred_at, event.event_id), default=None)


def _attempt(row: Mapping[str, Any], state: TaskState) -> Attempt:
    return Attempt(
        dag_id=row["dag_id"],
        run_id=row["dag_run_id"],
        task_id=row["task_id"],
        map_index=row["map_index"],
        try_number=row["try_number"],
        max_tries=row["max_tries"] + 1,
        state=state,
        started_at=time(row["start_date"]),
        ended_at=time(row["end_date"]),
        run_after=iso(time(row.get("run_after"))),
        operator=row.get("operator"),
        version=str((row.get("dag_version") or {}).get("id") or ""),
    )
