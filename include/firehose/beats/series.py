"""A series, its schedule and its beats: what is expected when, what came, and what is still owed.

A series is everything that beats in one rhythm (the runs of a DAG, the answers of a query). Plain values: the tables
`series` and `beat` hold them between two rounds, and the judge (judge.py) turns them into the next ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Protocol

HOURS_OF_WEEK = 168


class ScheduleKind(StrEnum):
    """How it is known when a beat is due."""

    # A cron expression in its time zone.
    CRON = "cron"
    # Runs when others have delivered.
    ASSET = "asset"
    # Every so often, from a known instant or from the last beat.
    CADENCE = "cadence"
    # No rhythm, only a rate by the hour of the week: pull requests, builds.
    RATE = "rate"


class BeatState(StrEnum):
    """Where one expected beat stands."""

    WAITING = "waiting"
    # Past what is usual: amber in the daily pulse, no message.
    LATE = "late"
    # Past what is believable: told once.
    MISSING = "missing"
    # Due, but what it waits for has not come either.
    HELD = "held"
    CAME = "came"
    # A later beat of the series came instead.
    PASSED = "passed"
    # Paused, deleted or silenced: nobody waits for it.
    EXCUSED = "excused"


OPEN_STATES = (BeatState.WAITING, BeatState.LATE, BeatState.MISSING, BeatState.HELD)


class Word(StrEnum):
    """What an event says about a beat; the last part of its id."""

    MISSING = "missing"
    BACK = "back"
    # Nobody waits for it any more: its DAG was paused or deleted, or somebody silenced it.
    EXCUSED = "excused"
    # Told before, and from now on in the message that says that everything has stopped.
    JOINED = "joined"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Which of the lines a missing beat has crossed."""

    USUAL = "usual"
    NEXT_BEAT = "next_beat"
    DEADLINE = "deadline"
    # Too few beats to have learned from.
    NEW = "new"
    RATE = "rate"


class SchedulesUnknown(RuntimeError):
    """Nobody can say at the moment what is scheduled; the last known schedules are used."""


@dataclass(frozen=True)
class Schedule:
    """When a series is expected to beat.

    `needs` is what an asset-scheduled series waits for: one series of each inner tuple. `rates` are beats per hour of
    the week, Monday 0 o'clock first, in `timezone`. `next_run_at` is the scheduler's own word for the next beat.
    `deadline` is how long after it was due a beat may come whatever is usual.
    """

    series: str
    name: str
    kind: ScheduleKind
    cron: str = ""
    timezone: str = "UTC"
    period: timedelta | None = None
    next_run_at: datetime | None = None
    needs: tuple[tuple[str, ...], ...] = ()
    rates: tuple[float, ...] = ()
    deadline: timedelta | None = None
    paused: bool = False
    owner: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        wanting = {
            ScheduleKind.CRON: not self.cron and "a cron expression",
            ScheduleKind.ASSET: not self.needs and "the series it needs",
            ScheduleKind.CADENCE: not (self.period or self.next_run_at) and "a period or its next run",
            ScheduleKind.RATE: len(self.rates) != HOURS_OF_WEEK and f"{HOURS_OF_WEEK} hourly rates",
        }[self.kind]
        if wanting:
            raise ValueError(f"The schedule of {self.series} is of kind {self.kind}: it must say {wanting}.")

    @property
    def upstream(self) -> tuple[str, ...]:
        """All series it may wait for."""
        return tuple(dict.fromkeys(series for group in self.needs for series in group))

    @property
    def anchored(self) -> bool:
        """Whether its instants are known ahead, rather than counted from the last beat."""
        return self.kind is ScheduleKind.CRON or (
            self.kind is ScheduleKind.CADENCE and (self.next_run_at is not None or self.period is None)
        )


class Schedules(Protocol):
    """Somebody who knows schedules, by one name for all it knows."""

    source: str

    def schedules(self, now: datetime) -> Sequence[Schedule]:
        """All of them. Raises SchedulesUnknown when they cannot be asked for."""


@dataclass(frozen=True)
class Arrival:
    """Something of a series has ended.

    `run_after` is the instant it was due, where the scheduler says so; `counts` is False for what a person started, by
    which no schedule is fulfilled; `ok` says that what it delivers is there.
    """

    series: str
    at: datetime
    run_after: datetime | None = None
    started_at: datetime | None = None
    ok: bool = True
    counts: bool = True


@dataclass(frozen=True)
class Beat:
    """One expected beat.

    A delay is counted from `counted_from`. The lines are `late_after` and `missing_after` seconds after `clock_from`,
    which is the same instant unless the clock had to stand still meanwhile. What was triggered before `window_from`
    belongs to an earlier beat.
    """

    series: str
    expected_at: datetime
    counted_from: datetime
    clock_from: datetime
    window_from: datetime
    missing_after: float
    late_after: float | None
    reason: Reason
    state: BeatState = BeatState.WAITING
    arrived_at: datetime | None = None
    residual: float | None = None
    subject_key: str = ""
    reported_at: datetime | None = None

    @property
    def missing_at(self) -> datetime:
        return self.clock_from + timedelta(seconds=self.missing_after)

    @property
    def late_at(self) -> datetime | None:
        return None if self.late_after is None else self.clock_from + timedelta(seconds=self.late_after)

    @property
    def key(self) -> str:
        """The subject of its own message."""
        return f"beat:{self.series}:{self.expected_at.astimezone(UTC).isoformat()}"

    def event_id(self, word: Word) -> str:
        """`beat:{series}:{expected_at}:{word}`."""
        return f"{self.key}:{word}"


@dataclass(frozen=True)
class Series:
    """What is known of one series between two rounds.

    `delays` are the seconds its last beats took, oldest first; `strays` those of the last beats in a row that came
    after they were called missing. `heard` holds, of what an asset-scheduled series needs, when the runs that have
    delivered began and ended.
    """

    source: str
    schedule: Schedule
    next_expected: datetime | None = None
    delays: tuple[float, ...] = ()
    strays: tuple[float, ...] = ()
    heard: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    heard_until: datetime | None = None
    last_seen_at: datetime | None = None
    last_run_after: datetime | None = None
    gone: bool = False

    @property
    def expects(self) -> bool:
        """Whether anybody waits for its beats."""
        return not (self.gone or self.schedule.paused)
