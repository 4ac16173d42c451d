"""What an arrival does to the book: it fulfils a beat, teaches its series, and starts the clock of others. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from include.firehose.beats import words
from include.firehose.beats.book import Book
from include.firehose.beats.expected import next_expected, ready
from include.firehose.beats.rule import NEW_HABIT, STRAY_MARGIN, learn, remembered
from include.firehose.beats.series import Arrival, Beat, BeatState, ScheduleKind, Series
from include.firehose.event import Event

# A scheduler's instant and ours are the same, but for rounding.
_TOLERANCE = timedelta(seconds=60)


def take(book: Book, arrival: Arrival, *, history: bool = False) -> list[Event]:
    """Enter an arrival; returns what is to be said about it. Entering it again changes nothing.

    With `history` it is from before the watch began: its delay is learned although nobody waited for it.
    """
    series = book.series.get(arrival.series)
    if series is None:
        return []
    events: list[Event] = []
    if arrival.counts and not _known(series, arrival):
        events = _fulfil(book, series, arrival, history)
    if arrival.ok:
        for name in book.downstream(arrival.series):
            events += _hear(book, book.series[name], arrival)
    return events


def _known(series: Series, arrival: Arrival) -> bool:
    """Whether this arrival, or a later one, has been entered."""
    if arrival.run_after is not None and series.last_run_after is not None:
        return arrival.run_after <= series.last_run_after
    return series.last_seen_at is not None and arrival.at <= series.last_seen_at


def _fulfil(book: Book, series: Series, arrival: Arrival, history: bool) -> list[Event]:
    beat = _match(book.beats.get(arrival.series, ()), series, arrival)
    if beat is None and history:
        beat = _unforeseen(book, series, arrival)
    series = book.update(
        replace(
            series,
            last_seen_at=max(arrival.at, series.last_seen_at or arrival.at),
            last_run_after=arrival.run_after or series.last_run_after,
        )
    )
    events: list[Event] = []
    if beat is not None:
        events = _close(book, series, beat, arrival.at)
        series = book.series[arrival.series]
    if series.expects and _from_the_last(series):
        book.open_from(series, arrival.at)
    return events


def _from_the_last(series: Series) -> bool:
    """Whether the clock of its next beat starts with the last one."""
    return not series.schedule.anchored and series.schedule.kind is not ScheduleKind.ASSET


def _match(beats: Sequence[Beat], series: Series, arrival: Arrival) -> Beat | None:
    """The beat that the arrival fulfils: the last one that was due when it was triggered."""
    if _from_the_last(series):
        return beats[-1] if beats else None
    due = (arrival.run_after or arrival.at) + _TOLERANCE
    return next((beat for beat in reversed(beats) if beat.window_from <= due), None)


def _unforeseen(book: Book, series: Series, arrival: Arrival) -> Beat | None:
    """A beat of the past, when the arrival says when it was due and came before the next one."""
    due = arrival.run_after
    if due is None or series.schedule.kind is not ScheduleKind.CRON or arrival.at <= due:
        return None
    following = next_expected(series.schedule, due)
    return book.beat(series, due) if following is not None and arrival.at < following else None


def _close(book: Book, series: Series, beat: Beat, at: datetime) -> list[Event]:
    """The beat has come, and those before it are passed over; what was told about any of them is taken back."""
    passed = [older for older in book.beats.get(beat.series, ()) if older.expected_at < beat.expected_at]
    missed = sum(older.state is BeatState.MISSING for older in passed)
    events = [
        words.back(one, series, arrived_at=at, came=beat, missed=missed) for one in [*passed, beat] if one.subject_key
    ]
    for older in passed:
        book.put(replace(older, state=BeatState.PASSED, arrived_at=at))
    book.put(_taught(book, series, beat, at))
    for newer in book.beats.get(beat.series, ()):
        if newer.state is BeatState.MISSING and not newer.subject_key:
            # It went without a message under one that is over now.
            book.put(replace(newer, state=BeatState.WAITING, clock_from=at))
    return events


def _taught(book: Book, series: Series, beat: Beat, at: datetime) -> Beat:
    """The beat with its residual, after the series and the pool have learned from it."""
    came = replace(beat, state=BeatState.CAME, arrived_at=at)
    delay = (at - beat.counted_from).total_seconds()
    undisturbed = beat.clock_from == beat.counted_from and beat.state is not BeatState.HELD
    if not undisturbed or delay < 0 or series.schedule.kind is ScheduleKind.RATE:
        return came
    learned = learn(series.delays)
    residual = learned.residual(delay) if learned else None
    if at < beat.missing_at and beat.state is not BeatState.MISSING:
        book.update(replace(series, delays=remembered(series.delays, delay), strays=()))
    else:
        strays = (*series.strays, delay)
        habit = len(strays) >= NEW_HABIT
        book.update(replace(series, delays=strays if habit else series.delays, strays=() if habit else strays))
        # It counts, or the line would creep down with every alarm; how late it was does not, or an outage would
        # make the watch deaf.
        residual = None if residual is None else min(residual, book.line() + STRAY_MARGIN)
    if residual is not None:
        book.pool.add(residual)
    return replace(came, residual=residual)


def _hear(book: Book, series: Series, arrival: Arrival) -> list[Event]:
    """One of what an asset-scheduled series needs has been delivered; with the last of them its beat is due."""
    if series.schedule.kind is not ScheduleKind.ASSET:
        return []
    if series.heard_until is not None and arrival.at <= series.heard_until:
        return []
    began = arrival.started_at or arrival.run_after or arrival.at
    heard = {**series.heard, arrival.series: (began, arrival.at)}
    complete = ready(series.schedule.needs, heard)
    if complete is None:
        book.update(replace(series, heard=heard))
        return []
    window_from, due = complete
    series = book.update(replace(series, heard={}, heard_until=due))
    if not series.expects:
        return []
    beat = book.beat(series, due, window_from=window_from)
    last = series.last_run_after or series.last_seen_at
    if last is None or last < window_from:
        book.put(beat)
        return []
    # It was started by the first of its assets and has ended before the run that wrote them.
    return _close(book, series, beat, max(series.last_seen_at or due, due))
