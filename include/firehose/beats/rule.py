"""How long a beat may take before it is late, and before it is missing. Pure.

Delays of jobs have heavy tails and each series a scale of its own, so neither a mean with deviations nor a line per
series holds what it promises with some dozens of beats. Here each delay is standardised, as a logarithm, by its own
series' median and median absolute deviation, and the residuals of all series together draw one line. The line is a
quantile of what was really seen, out of sample, so it means the same in every series and under every noise.
"""

from __future__ import annotations

import bisect
import math
import statistics
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from include.firehose.beats.series import Reason

# Of so many beats a series' median and spread are taken; eight weeks of a daily one.
HISTORY = 56
# With fewer there is nothing to learn from.
LEARN_FROM = 14
# Of a log delay: a series that always takes the same time is still allowed a tenth more now and then.
SPREAD_FLOOR = 0.10
SHORTEST_DELAY = 1.0
LATE_QUANTILE = 0.95
MISSING_QUANTILE = 0.999
FALSE_ALARMS_PER_WEEK = 1.0
# However narrow the usual is, nobody is told earlier than this after the median.
LEAST_WAIT = 15 * 60.0
# How long after the next beat was due this one is still waited for.
NEXT_BEAT_GRACE = 5 * 60.0
NEW_SERIES_WAIT = 30 * 60.0
# Until so many residuals are known their quantile is a guess: at least this many spreads, or the largest seen.
POOL_FROM = 1000
PRIOR_LINE = 6.0
POOL_SIZE = 10_000
# How far past the line the residual of a beat counts that came after it was called missing.
STRAY_MARGIN = 1.0
# So many beats in a row that came after they were called missing are the series' new habit.
NEW_HABIT = 5


@dataclass(frozen=True)
class Learned:
    """What a series' delays have in common: median and spread of their logarithms, and quantiles in seconds."""

    count: int
    centre: float
    spread: float
    early: float
    late: float

    @property
    def median(self) -> float:
        """Seconds."""
        return math.exp(self.centre)

    def residual(self, delay: float) -> float:
        """How many spreads the delay (in seconds) is from the usual."""
        return (math.log(max(delay, SHORTEST_DELAY)) - self.centre) / self.spread

    def seconds(self, residual: float) -> float:
        """The delay with this residual; the inverse of `residual`."""
        return math.exp(min(self.centre + residual * self.spread, 40.0))


@dataclass(frozen=True)
class Limits:
    """Seconds until a beat is late (None while nothing is learned) and until it is missing, and by which rule."""

    late_after: float | None
    missing_after: float
    reason: Reason


@dataclass
class Pool:
    """The residuals of all series, the newest POOL_SIZE of them."""

    _by_age: deque[float] = field(default_factory=deque)
    _by_size: list[float] = field(default_factory=list)

    @classmethod
    def of(cls, residuals: Iterable[float]) -> Pool:
        """A pool of these, oldest first."""
        by_age = deque(residuals)
        while len(by_age) > POOL_SIZE:
            by_age.popleft()
        return cls(by_age, sorted(by_age))

    def __len__(self) -> int:
        return len(self._by_age)

    def add(self, residual: float) -> None:
        self._by_age.append(residual)
        bisect.insort(self._by_size, residual)
        if len(self._by_age) > POOL_SIZE:
            oldest = self._by_age.popleft()
            del self._by_size[bisect.bisect_left(self._by_size, oldest)]

    def line(self, beats_per_week: float) -> float:
        """The residual that one beat in a thousand exceeds, and fewer where a thousandth is more than one a week."""
        if len(self) < POOL_FROM:
            return max([PRIOR_LINE, *self._by_size[-1:]])
        level = max(MISSING_QUANTILE, 1 - FALSE_ALARMS_PER_WEEK / max(beats_per_week, 1.0))
        return self._by_size[min(math.ceil(level * len(self)), len(self)) - 1]


@lru_cache(maxsize=1024)
def learn(delays: tuple[float, ...]) -> Learned | None:
    """What the delays (in seconds) have in common; None when they are too few."""
    if len(delays) < LEARN_FROM:
        return None
    ordered = sorted(max(delay, SHORTEST_DELAY) for delay in delays)
    logs = [math.log(delay) for delay in ordered]
    centre = statistics.median(logs)
    spread = max(statistics.median(abs(log - centre) for log in logs), SPREAD_FLOOR)
    last = len(ordered) - 1
    late = ordered[min(math.ceil(LATE_QUANTILE * len(ordered)) - 1, last)]
    return Learned(len(ordered), centre, spread, ordered[last - round(LATE_QUANTILE * last)], late)


def limits(delays: tuple[float, ...], *, line: float, period: float, deadline: float | None) -> Limits:
    """The lines of the next beat of a series with these delays.

    `line` is the pool's, `period` the seconds from this beat to the next, `deadline` the seconds somebody has declared.
    Known: the smallest of what is usual, the next beat and the deadline. New: one period, at least half an hour.
    """
    learned = learn(delays)
    if learned is None:
        wait, reason = max(NEW_SERIES_WAIT, period), Reason.NEW
    else:
        wait, reason = max(learned.seconds(line), learned.median + LEAST_WAIT), Reason.USUAL
        # A series that usually takes longer than its period would never be in time for the next beat.
        cap = max(period + NEXT_BEAT_GRACE, learned.late + LEAST_WAIT)
        if cap < wait:
            wait, reason = cap, Reason.NEXT_BEAT
    if deadline is not None and deadline < wait:
        wait, reason = deadline, Reason.DEADLINE
    late = min(learned.late, wait) if learned else None
    return Limits(late, wait, reason)


def remembered(delays: tuple[float, ...], delay: float) -> tuple[float, ...]:
    """The delays with one more, and without what is too old."""
    return (*delays, delay)[-HISTORY:]
