"""What is known of one DAG run: the fold of all its events.

The result depends on the set of events alone, not on the order in which they came, so a late, repeated or overtaking
event can never take a message back to an earlier state. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.firehose.event import Event, Kind, RunState, TaskState

# Of one attempt, the state that stands: a retry is followed by nothing, a mark in the UI comes after the end.
_TASK_RANK = {TaskState.UP_FOR_RETRY: 0, TaskState.SKIPPED: 1, TaskState.SUCCESS: 2, TaskState.FAILED: 3}


@dataclass(frozen=True)
class TaskOutcome:
    """Where one task instance stands after its last reported attempt."""

    task_id: str
    map_index: int
    try_number: int
    max_tries: int
    state: TaskState
    ended_at: datetime
    started_at: datetime | None = None
    owner: str = ""
    error_type: str = ""
    error_text: str = ""

    @property
    def seconds(self) -> float | None:
        """How long the last attempt took."""
        return (self.ended_at - self.started_at).total_seconds() if self.started_at else None

    @property
    def name(self) -> str:
        """The task's id, with the index of a mapped one."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


@dataclass(frozen=True)
class Run:
    """One DAG run."""

    dag_id: str
    run_id: str
    state: RunState
    tasks: tuple[TaskOutcome, ...] = ()
    task_total: int = 0
    run_type: str = ""
    run_after: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str = ""
    assets: tuple[str, ...] = ()

    @property
    def seconds(self) -> float | None:
        """How long the run took, when it has ended and its start is known."""
        return (self.ended_at - self.started_at).total_seconds() if self.ended_at and self.started_at else None

    @property
    def failed_tasks(self) -> tuple[TaskOutcome, ...]:
        """The tasks that failed for good, first failure first."""
        failed = (task for task in self.tasks if task.state is TaskState.FAILED)
        return tuple(sorted(failed, key=lambda task: (task.ended_at, task.name)))

    @property
    def series(self) -> str:
        """The beat it belongs to."""
        return f"af:dag:{self.dag_id}"


def fold(events: Iterable[Event]) -> Run:
    """The run that the events tell of; all of one subject, at least one.

    Raises ValueError when there is none.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    if not ordered:
        raise ValueError("A run needs at least one event.")
    facts = _facts(ordered)
    tasks = _tasks(event for event in ordered if event.kind is Kind.TASK)
    end = _end(ordered)
    return Run(
        dag_id=str(facts.get("dag_id", "")),
        run_id=str(facts.get("run_id", "")),
        state=RunState(end.payload["state"]) if end else RunState.RUNNING,
        tasks=tasks,
        task_total=max(_int(facts.get("task_total")), len(tasks)),
        run_type=str(facts.get("run_type", "")),
        run_after=_time(facts.get("run_after")),
        started_at=_time(facts.get("run_started_at")),
        ended_at=end.occurred_at if end else None,
        reason=str(end.payload.get("reason", "")) if end else "",
        assets=tuple(str(name) for name in facts.get("assets", ())),
    )


def _facts(ordered: Iterable[Event]) -> dict[str, Any]:
    """What the events say about the run itself; the latest word counts."""
    facts: dict[str, Any] = {}
    for event in ordered:
        facts.update(event.payload)
    return facts


def _end(ordered: Iterable[Event]) -> Event | None:
    """The event with which the run ended; None while it goes on, also again after it was cleared.

    Airflow counts the clearings, which needs no comparison of clocks: an end counts until a task reports from a later
    round. An end whose context did not know its round belongs to the last one.
    """
    known = list(ordered)
    last_round = max(_int(event.payload.get("clear_number")) for event in known)
    ends = [
        event
        for event in known
        if event.kind is Kind.RUN and _int(event.payload.get("clear_number"), last_round) == last_round
    ]
    return ends[-1] if ends else None


def _tasks(events: Iterable[Event]) -> tuple[TaskOutcome, ...]:
    latest: dict[tuple[str, int], TaskOutcome] = {}
    for event in events:
        outcome = _outcome(event.payload, event.occurred_at)
        key = (outcome.task_id, outcome.map_index)
        if key not in latest or _standing(outcome) >= _standing(latest[key]):
            latest[key] = outcome
    return tuple(latest[key] for key in sorted(latest))


def _standing(outcome: TaskOutcome) -> tuple[int, bool, datetime, int]:
    """Later attempts stand over earlier ones, ends over retries, and then the later report."""
    retrying = outcome.state is TaskState.UP_FOR_RETRY
    return (outcome.try_number, not retrying, outcome.ended_at, _TASK_RANK[outcome.state])


def _outcome(payload: Mapping[str, Any], occurred_at: datetime) -> TaskOutcome:
    error = payload.get("error") or {}
    return TaskOutcome(
        task_id=str(payload.get("task_id", "")),
        map_index=_int(payload.get("map_index"), -1),
        try_number=_int(payload.get("try_number"), 1),
        max_tries=_int(payload.get("max_tries"), 1),
        state=TaskState(payload["state"]),
        started_at=_time(payload.get("started_at")),
        ended_at=occurred_at,
        owner=str(payload.get("owner", "")),
        error_type=str(error.get("type", "")),
        error_text=str(error.get("text", "")),
    )


def _int(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else default


def _time(value: Any) -> datetime | None:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else None
