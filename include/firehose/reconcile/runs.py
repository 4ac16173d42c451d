"""DAG runs as the REST API tells them, and which event each of them is. Pure.

Airflow counts how often a run was cleared, its callbacks name the number, and the REST API does not. But every start
after a clearing has a start date of its own, so the number follows from what the outbox knows of the run's starts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.firehose.event import Event, Kind, RunState, run_event_id, run_subject
from include.firehose.reconcile.attempts import Told, iso, time
from include.settings.vocabulary import Severity

_STATES = {state.value: state for state in RunState}
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class DagRun:
    """One DAG run that runs or has ended."""

    dag_id: str
    run_id: str
    state: RunState
    started_at: datetime | None
    ended_at: datetime | None
    run_after: str | None
    run_type: str | None
    version: str

    @property
    def subject(self) -> str:
        return run_subject(self.dag_id, self.run_id)


@dataclass(frozen=True)
class Start:
    """A round of a run that an event of the outbox speaks of: its number, when it is known, and when it began."""

    number: int | None
    started_at: datetime | None


@dataclass(frozen=True)
class History:
    """What the outbox knows of a run: the events about the run itself, and the rounds that any event speaks of."""

    told: Sequence[Told] = ()
    starts: Sequence[Start] = ()

    @property
    def last(self) -> int:
        """The highest number of a round that is known."""
        return max((start.number or 0 for start in self.starts), default=0)


@dataclass(frozen=True)
class RunNews:
    """What the outbox has to be told of a run."""

    run: DagRun
    event_id: str
    occurred_at: datetime
    number: int
    corrects: bool = False

    def event(self, added: Mapping[str, Any]) -> Event:
        """The event, with the same keys as a callback's and those added."""
        run = self.run
        payload = {
            "dag_id": run.dag_id,
            "run_id": run.run_id,
            "run_type": run.run_type,
            "run_after": run.run_after,
            "run_started_at": iso(run.started_at),
            "clear_number": self.number,
            "state": run.state.value,
            "ended_at": iso(run.ended_at) if run.state is not RunState.RUNNING else None,
        }
        return Event(
            event_id=self.event_id,
            kind=Kind.RUN,
            series=f"af:dag:{run.dag_id}",
            subject_key=run.subject,
            occurred_at=self.occurred_at,
            severity=Severity.ERROR if run.state is RunState.FAILED else Severity.INFO,
            payload={key: value for key, value in {**payload, **added}.items() if value is not None},
        )


def read(row: Mapping[str, Any]) -> DagRun | None:
    """The run of a row of dagRuns; None while it is queued."""
    state = _STATES.get(row["state"])
    if state is None:
        return None
    versions = row.get("dag_versions") or [{}]
    return DagRun(
        dag_id=row["dag_id"],
        run_id=row["dag_run_id"],
        state=state,
        started_at=time(row["start_date"]),
        ended_at=time(row["end_date"]),
        run_after=iso(time(row["run_after"])),
        run_type=row["run_type"],
        version=str(versions[-1].get("id") or ""),
    )


def news(run: DagRun, history: History, now: datetime) -> RunNews | None:
    """What is to be told of the run; None when the outbox says it already, or knows of something later."""
    number = _round(run, history)
    if number is None:
        return None
    mine = [event for event in history.told if _belongs(event, number, run)]
    ends = [event for event in mine if event.state != RunState.RUNNING]
    if run.state is RunState.RUNNING:
        # With an end in the same round, this answer was overtaken.
        if ends or any(event.by_rest for event in mine):
            return None
        return RunNews(run, _event_id(run, number), run.started_at or now, number)
    standing = max(ends, key=lambda event: (event.occurred_at, event.event_id), default=None)
    happened = run.ended_at or now
    if standing is None:
        return RunNews(run, _free_id(run, number, history), happened, number)
    if standing.state == run.state:
        return None if standing.by_rest else RunNews(run, standing.event_id, happened, number)
    seen = max(now, standing.occurred_at + _INSTANT)
    event_id = _event_id(run, number)
    if event_id in {event.event_id for event in history.told}:
        number = history.last + 1
        event_id = _event_id(run, number)
    return RunNews(run, event_id, seen, number, corrects=True)


def _round(run: DagRun, history: History) -> int | None:
    """The number of the round that the answer speaks of; None when a later one has begun."""
    begun = [start.started_at for start in history.starts if start.started_at is not None]
    if run.started_at is None or not begun:
        return history.last
    same = [start.number for start in history.starts if start.started_at == run.started_at]
    if same:
        known = [number for number in same if number is not None]
        return max(known, default=history.last)
    return history.last + 1 if run.started_at > max(begun) else None


def _belongs(event: Told, number: int, run: DagRun) -> bool:
    """Whether an event about the run is of this round; one without a number is, unless it names another start."""
    told = event.payload.get("clear_number")
    if told is not None:
        return bool(told == number)
    begun = time(event.payload.get("run_started_at"))
    return begun is None or begun == run.started_at


def _event_id(run: DagRun, number: int) -> str:
    return run_event_id(run.dag_id, run.run_id, run.state, clear_number=number)


def _free_id(run: DagRun, number: int, history: History) -> str:
    """The round's id, unless an event that knows no number has it and belongs to another start."""
    taken = {event.event_id for event in history.told}
    while (event_id := _event_id(run, number)) in taken:
        number += 1
    return event_id
