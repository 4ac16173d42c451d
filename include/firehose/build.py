"""What is known of one Buildkite build: the fold of its events, whatever the order they came in. Pure.

Webhooks overtake each other, and a build has more than one end: it is blocked and goes on, and a job that is retried
lets a failed build pass. The stage that stands is the one that happened last by Buildkite's own clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from include.firehose.event import Event, instant


class Stage(StrEnum):
    """Where a build stands. In the order in which stages follow each other within one second."""

    SCHEDULED = "scheduled"
    RUNNING = "running"
    FAILING = "failing"
    # It waits at a block step until somebody lets it go on.
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    SKIPPED = "skipped"
    NOT_RUN = "not_run"
    CANCELED = "canceled"
    PASSED = "passed"
    FAILED = "failed"


_RANK = {stage: place for place, stage in enumerate(Stage)}
ENDS = frozenset({Stage.SKIPPED, Stage.NOT_RUN, Stage.CANCELED, Stage.PASSED, Stage.FAILED})


@dataclass(frozen=True)
class Build:
    """One build; `event_id` is the event that tells its stage, `since` when that began."""

    build_id: str
    stage: Stage
    since: datetime
    event_id: str
    number: int = 0
    pipeline: str = ""
    slug: str = ""
    branch: str = ""
    commit: str = ""
    message: str = ""
    url: str = ""
    creator: str = ""
    rebuilt_from: int = 0
    deploys: bool = False
    created_at: datetime | None = None
    started_at: datetime | None = None

    @property
    def name(self) -> str:
        """`backbeat deploy #128`."""
        return f"{self.pipeline} #{self.number}" if self.number else self.pipeline

    @property
    def over(self) -> bool:
        return self.stage in ENDS

    @property
    def seconds(self) -> float | None:
        """How long it took, when it has ended and its start is known; waiting for somebody included."""
        return (self.since - self.started_at).total_seconds() if self.over and self.started_at else None

    @property
    def short_commit(self) -> str:
        return self.commit[:7]


def stage_of(event: Event) -> Stage:
    """The stage that a build's event tells. Raises ValueError when it tells none."""
    return Stage(event.payload["stage"])


def standing(event: Event) -> tuple[datetime, int, str]:
    """What orders the events of a build."""
    return (event.occurred_at, _RANK[stage_of(event)], event.event_id)


def fold(events: Iterable[Event]) -> Build:
    """The build that the events tell of; all of one build, at least one.

    Raises ValueError when there is none.
    """
    ordered = sorted(events, key=standing)
    if not ordered:
        raise ValueError("A build needs at least one event.")
    last = ordered[-1]
    facts: dict[str, Any] = {}
    for event in ordered:
        facts.update({name: value for name, value in event.payload.items() if value})
    return Build(
        build_id=_text(facts, "build_id"),
        stage=stage_of(last),
        since=last.occurred_at,
        event_id=last.event_id,
        number=_int(facts, "build_number"),
        pipeline=_text(facts, "pipeline"),
        slug=_text(facts, "slug"),
        branch=_text(facts, "branch"),
        commit=_text(facts, "commit"),
        message=_text(facts, "message"),
        url=_text(facts, "url"),
        creator=_text(facts, "creator"),
        rebuilt_from=_int(facts, "rebuilt_from"),
        deploys=facts.get("deploys") is True,
        created_at=instant(facts.get("created_at")),
        started_at=instant(facts.get("started_at")),
    )


def _text(facts: Mapping[str, Any], name: str) -> str:
    value = facts.get(name)
    return value if isinstance(value, str) else ""


def _int(facts: Mapping[str, Any], name: str) -> int:
    value = facts.get(name)
    return value if isinstance(value, int) else 0
