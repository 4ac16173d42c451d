"""What is known of one DAG run: the fold of all its events.

The result depends on the set of events alone, not on the order in which they came, so a late, repeated or overtaking
event can never take a message back to an earlier state. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.firehose.event import Event, Kind, RunState, TaskState, instant

# Of one attempt, the state that stands: a retry is followed by nothing, a mark in the UI comes after the end.
_TASK_RANK = {
    TaskState.UP_FOR_RETRY: 0,
    TaskState.REMOVED: 1,
    TaskState.UPSTREAM_FAILED: 2,
    TaskState.SKIPPED: 3,
    TaskState.SUCCESS: 4,
    TaskState.FAILED: 5,
}
# Keys of a payload that say what follows from a task's end; the operator's own word is under `facts`.
ADDED_FACTS = ("downstream", "not_renewed", "note")


@dataclass(frozen=True)
class TaskOutcome:
    """Where one task instance stands after its last reported attempt.

    `facts` is what its operator had to tell beside (dbt's and Airbyte's figures), and what is known of a failure's
    consequences; `event_id` is the event that told it.
    """

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
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)
    event_id: str = ""

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
    note: str = ""
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
        # The callbacks leave out the empty tasks, the reconciler tells of all.
        task_total=max(len(tasks), *(_int(event.payload.get("task_total")) for event in ordered)),
        run_type=str(facts.get("run_type", "")),
        run_after=instant(facts.get("run_after")),
        started_at=instant(facts.get("run_started_at")),
        # A state set by hand is told with the time of the hand, and with the end that the run had.
        ended_at=(instant(end.payload.get("ended_at")) or end.occurred_at) if end else None,
        reason=str(end.payload.get("reason", "")) if end else "",
        note=str(end.payload.get("note") or "") if end else "",
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
    round. An end whose context did not know its round belongs to the last one. A start is no end, but it opens a round.
    """
    known = list(ordered)
    last_round = max(_int(event.payload.get("clear_number")) for event in known)
    ends = [
        event
        for event in known
        if event.kind is Kind.RUN
        and event.payload["state"] != RunState.RUNNING
        and _int(event.payload.get("clear_number"), last_round) == last_round
    ]
    return ends[-1] if ends else None


def _tasks(events: Iterable[Event]) -> tuple[TaskOutcome, ...]:
    latest: dict[tuple[str, int], TaskOutcome] = {}
    for event in events:
        told = outcome(event)
        key = (told.task_id, told.map_index)
        if key not in latest or _standing(told) >= _standing(latest[key]):
            latest[key] = told
    return tuple(latest[key] for key in sorted(latest))


def _standing(told: TaskOutcome) -> tuple[int, bool, datetime, int]:
    """Later attempts stand over earlier ones, ends over retries, and then the later report."""
    retrying = told.state is TaskState.UP_FOR_RETRY
    return (told.try_number, not retrying, told.ended_at, _TASK_RANK[told.state])


def outcome(event: Event) -> TaskOutcome:
    """What one event of kind TASK says of its task instance."""
    payload = event.payload
    error = payload.get("error") or {}
    return TaskOutcome(
        task_id=str(payload.get("task_id", "")),
        map_index=_int(payload.get("map_index"), -1),
        try_number=_int(payload.get("try_number"), 1),
        max_tries=_int(payload.get("max_tries"), 1),
        state=TaskState(payload["state"]),
        started_at=instant(payload.get("started_at")),
        ended_at=event.occurred_at,
        owner=str(payload.get("owner", "")),
        error_type=str(error.get("type", "")),
        error_text=str(error.get("text", "")),
        facts=_task_facts(payload),
        event_id=event.event_id,
    )


def _task_facts(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What the operator told, and what another road has added about the consequences."""
    told = payload.get("facts")
    added = {name: payload[name] for name in ADDED_FACTS if name in payload}
    return {**(told if isinstance(told, Mapping) else {}), **added}


def _int(value: Any, default: int = 0) -> int:
    return value if isinstance(value, int) else default
