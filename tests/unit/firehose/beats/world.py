"""A simulated world of series for the judge: schedules, delays of any noise, and what a watch would have heard."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from include.firehose.beats.book import Book
from include.firehose.beats.expected import next_instant
from include.firehose.beats.judge import Surroundings, step
from include.firehose.beats.series import Arrival, Schedule, ScheduleKind
from include.firehose.event import Event

START = datetime(2026, 3, 1, tzinfo=UTC)
Noise = Callable[[random.Random], float]


def lognormal(dice: random.Random) -> float:
    return dice.gauss(0, 1)


def heavy_tail(dice: random.Random) -> float:
    """Student's t with four degrees of freedom."""
    return dice.gauss(0, 1) / math.sqrt(dice.gammavariate(2, 2) / 4)


@dataclass(frozen=True)
class Model:
    """How long the beats of one series take; a share of them two to eight times as long."""

    median_seconds: float
    spread: float
    noise: Noise
    slow_share: float = 0.0

    def delay(self, dice: random.Random) -> float:
        """Seconds."""
        slow = dice.uniform(2, 8) if self.slow_share and dice.random() < self.slow_share else 1.0
        return self.median_seconds * math.exp(self.spread * self.noise(dice)) * slow


def daily(number: int, *, timezone: str = "UTC") -> Schedule:
    """A DAG that runs once a day, each at a time of its own."""
    cron = f"{number * 7 % 60} {number % 24} * * *"
    name = f"daily_{number:03d}"
    return Schedule(series=f"af:dag:{name}", name=name, kind=ScheduleKind.CRON, cron=cron, timezone=timezone)


@dataclass
class Replay:
    """A book, the time it has come to, and what was said."""

    book: Book = field(default_factory=Book)
    said: list[Event] = field(default_factory=list)
    around: Surroundings = field(default_factory=Surroundings)

    def run(self, arrivals: Iterable[Arrival], start: datetime, end: datetime, every: timedelta) -> list[Event]:
        """Judge from `start` to `end`, entering the arrivals as their time comes; returns what was said meanwhile."""
        ahead, said, now = iter(sorted(arrivals, key=lambda arrival: arrival.at)), [], start
        following = next(ahead, None)
        while now < end:
            now += every
            due = []
            while following is not None and following.at <= now:
                due.append(following)
                following = next(ahead, None)
            said += step(self.book, now, due, self.around)
        self.said += said
        return said


def healthy(
    schedules: Sequence[Schedule], models: Sequence[Model], start: datetime, end: datetime, dice: random.Random
) -> Iterator[Arrival]:
    """Every beat of daily series in UTC, each after its own delay."""
    for schedule, model in zip(schedules, models, strict=True):
        due = next_instant(schedule.cron, schedule.timezone, start)
        while due < end:
            yield Arrival(schedule.series, due + timedelta(seconds=model.delay(dice)), run_after=due, started_at=due)
            due += timedelta(days=1)
