"""The book of all series and their open beats: what a round of the watch starts from and what it leaves behind.

In memory and without a clock of its own, so that months can be replayed in seconds. `changed_series` and
`changed_beats` are what has to be written down after a round.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from include.firehose.beats.expected import first_expected, next_expected, silent_too_long
from include.firehose.beats.rule import Limits, Pool, limits
from include.firehose.beats.series import OPEN_STATES, Beat, Reason, Schedule, ScheduleKind, Series

# After a longer sleep the watch takes up the beats of the last days only.
LONGEST_CATCH_UP = timedelta(days=7)
# The period of a series of which nobody knows it.
UNKNOWN_PERIOD = timedelta(days=1)
WEEK = timedelta(weeks=1)
# Any instant will do to see how long a period is.
RHYTHM_AT = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass
class Book:
    """All series by name, and the open beats of each, oldest first."""

    pool: Pool = field(default_factory=Pool)
    series: dict[str, Series] = field(default_factory=dict)
    beats: dict[str, list[Beat]] = field(default_factory=dict)
    changed_series: set[str] = field(default_factory=set)
    changed_beats: dict[tuple[str, datetime], Beat] = field(default_factory=dict)
    _downstream: dict[str, tuple[str, ...]] | None = None
    _beats_per_week: float | None = None

    @classmethod
    def of(cls, pool: Pool, series: Iterable[Series], beats: Iterable[Beat]) -> Book:
        """The book as it was written down: all series, and the beats that are open."""
        book = cls(pool=pool, series={one.schedule.series: one for one in series})
        for beat in sorted(beats, key=lambda beat: beat.expected_at):
            book.beats.setdefault(beat.series, []).append(beat)
        return book

    def open_beats(self) -> Iterator[Beat]:
        """All open beats, as they are now; the book may be changed meanwhile."""
        for beats in list(self.beats.values()):
            yield from beats

    def put(self, beat: Beat) -> Beat:
        """Write a beat down; it leaves the open ones when nobody waits for it any more."""
        kept = [known for known in self.beats.get(beat.series, ()) if known.expected_at != beat.expected_at]
        if beat.state in OPEN_STATES:
            kept = sorted([*kept, beat], key=lambda one: one.expected_at)
        if kept:
            self.beats[beat.series] = kept
        else:
            self.beats.pop(beat.series, None)
        self.changed_beats[beat.series, beat.expected_at] = beat
        return beat

    def update(self, series: Series) -> Series:
        """Write a series down."""
        name = series.schedule.series
        known = self.series.get(name)
        if known is None or known.schedule is not series.schedule or known.gone != series.gone:
            self._downstream = self._beats_per_week = None
        self.series[name] = series
        self.changed_series.add(name)
        return series

    def declare(self, source: str, schedules: Sequence[Schedule], now: datetime) -> None:
        """Take over what a source knows: new series, changed schedules, and those that it does not list any more."""
        listed = {schedule.series for schedule in schedules}
        for schedule in schedules:
            known = self.series.get(schedule.series)
            if known is None or known.gone:
                self._begin(source, schedule, known, now)
            elif known.schedule != schedule:
                self._change(known, schedule, now)
        for known in list(self.series.values()):
            if known.source == source and not known.gone and known.schedule.series not in listed:
                self.update(replace(known, gone=True))

    def _begin(self, source: str, schedule: Schedule, known: Series | None, now: datetime) -> None:
        base = replace(known, gone=False, schedule=schedule) if known else Series(source, schedule)
        series = self.update(replace(base, next_expected=first_expected(schedule, now)))
        if schedule.kind is ScheduleKind.CADENCE and not schedule.anchored:
            self.open_from(series, now)

    def _change(self, known: Series, schedule: Schedule, now: datetime) -> None:
        """A new schedule begins now; the scheduler's next instant is news only where nothing else says it."""
        former = known.schedule
        same_rhythm = replace(former, next_run_at=None) == replace(
            schedule, next_run_at=None, paused=former.paused, name=former.name, owner=former.owner, url=former.url
        )
        pointer = known.next_expected
        if not same_rhythm or (former.paused and not schedule.paused):
            pointer = first_expected(schedule, now)
        elif schedule.kind is ScheduleKind.CADENCE and schedule.next_run_at and schedule.next_run_at > now:
            pointer = schedule.next_run_at
        self.update(replace(known, schedule=schedule, next_expected=pointer))

    def open_due(self, now: datetime) -> None:
        """Open the beats that are due by now, of the series whose instants are known ahead."""
        for series in list(self.series.values()):
            due = series.next_expected
            if due is None or due > now:
                continue
            while due is not None and due <= now:
                following = next_expected(series.schedule, due)
                if series.expects and due > now - LONGEST_CATCH_UP:
                    self.put(self.beat(series, due))
                due = following
            self.update(replace(series, next_expected=due))

    def beat(self, series: Series, expected_at: datetime, *, window_from: datetime | None = None) -> Beat:
        """A beat that was due at `expected_at`, with its lines as they are drawn now."""
        drawn = self._limits(series, self.period(series, expected_at), offset=0.0)
        return _beat(series, expected_at, expected_at, window_from or expected_at, drawn)

    def open_from(self, series: Series, since: datetime) -> None:
        """Open the next beat of a series whose clock starts with the last one, at `since`."""
        schedule = series.schedule
        if schedule.kind is ScheduleKind.RATE:
            end = silent_too_long(schedule.rates, schedule.timezone, since)
            if end is not None:
                drawn = Limits(None, (end - since).total_seconds(), Reason.RATE)
                self.put(_beat(series, end, since, since, drawn))
        elif schedule.period is not None:
            drawn = self._limits(series, 2 * schedule.period, offset=schedule.period.total_seconds())
            self.put(_beat(series, since + schedule.period, since, since, drawn))

    def line(self) -> float:
        """The residual beyond which a beat is missing, in this many beats a week."""
        if self._beats_per_week is None:
            periods = [self.period(series, RHYTHM_AT) for series in self.series.values() if series.expects]
            self._beats_per_week = sum(WEEK / period for period in periods)
        return self.pool.line(self._beats_per_week)

    def _limits(self, series: Series, period: timedelta, *, offset: float) -> Limits:
        deadline = series.schedule.deadline
        return limits(
            series.delays,
            line=self.line(),
            period=period.total_seconds(),
            deadline=deadline.total_seconds() + offset if deadline else None,
        )

    def period(self, series: Series, expected_at: datetime) -> timedelta:
        """From a beat to the next: by the schedule, or the longest of what starts it."""
        schedule = series.schedule
        if schedule.kind is ScheduleKind.ASSET:
            return self._upstream_period(schedule, expected_at)
        if schedule.period is not None:
            return schedule.period
        following = next_expected(schedule, expected_at)
        return following - expected_at if following else UNKNOWN_PERIOD

    def _upstream_period(self, schedule: Schedule, expected_at: datetime) -> timedelta:
        known = [self.series[name] for name in self.ancestors(schedule.series) if name in self.series]
        own = [one for one in known if one.schedule.kind is not ScheduleKind.ASSET]
        periods = [self.period(one, expected_at) for one in own]
        return max(periods, default=UNKNOWN_PERIOD)

    def downstream(self, series: str) -> tuple[str, ...]:
        """The series that wait for this one."""
        if self._downstream is None:
            waiting: dict[str, list[str]] = {}
            for one in self.series.values():
                for upstream in one.schedule.upstream:
                    waiting.setdefault(upstream, []).append(one.schedule.series)
            self._downstream = {name: tuple(sorted(names)) for name, names in waiting.items()}
        return self._downstream.get(series, ())

    def descendants(self, series: str) -> tuple[str, ...]:
        """All that wait for this series, the nearest first."""
        return _closure(series, self.downstream)

    def ancestors(self, series: str) -> tuple[str, ...]:
        """All that this series waits for, the nearest first."""
        return _closure(series, lambda name: self.series[name].schedule.upstream if name in self.series else ())


def _beat(series: Series, expected_at: datetime, counted_from: datetime, window_from: datetime, drawn: Limits) -> Beat:
    return Beat(
        series=series.schedule.series,
        expected_at=expected_at,
        counted_from=counted_from,
        clock_from=counted_from,
        window_from=window_from,
        missing_after=drawn.missing_after,
        late_after=drawn.late_after,
        reason=drawn.reason,
    )


def _closure(start: str, neighbours: Callable[[str], Sequence[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    ahead = list(neighbours(start))
    while ahead:
        name = ahead.pop(0)
        if name not in found and name != start:
            found[name] = None
            ahead.extend(neighbours(name))
    return tuple(found)
