"""One round of judgement over the book: who is late, who is missing, who is excused, and in how few messages. Pure.

A message is said for a cause and not for each of its effects. What waits for something that has not come either is
held; while the scheduler is down the clocks stand still; and when many series fall silent together one message lists
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from include.firehose.beats import words
from include.firehose.beats.arrivals import take
from include.firehose.beats.book import Book
from include.firehose.beats.series import Arrival, Beat, BeatState, Series, Word
from include.firehose.event import Event

# More than so many missing within the window are one message.
STORM = 5
STORM_WINDOW = timedelta(minutes=10)
_TROUBLE = (BeatState.LATE, BeatState.MISSING, BeatState.HELD)


@dataclass(frozen=True)
class Outage:
    """A span in which no series with this prefix can beat; `until` is None while it lasts."""

    prefix: str
    since: datetime
    until: datetime | None = None

    def holds(self, beat: Beat) -> bool:
        """Whether it keeps the beat from coming now."""
        return self.until is None and beat.series.startswith(self.prefix)


@dataclass(frozen=True)
class Surroundings:
    """What a round must know beside the arrivals.

    `silence` gives the sentence why nobody waits for a series today, or nothing. `resumed_at` is set in the first round
    after the watch itself has slept: it cannot know what would have come meanwhile.
    """

    outages: Sequence[Outage] = ()
    silence: Callable[[Series], str] = lambda series: ""
    resumed_at: datetime | None = None


def step(
    book: Book, now: datetime, arrivals: Iterable[Arrival], around: Surroundings, *, history: bool = False
) -> list[Event]:
    """Bring the book to `now`; returns what is to be said."""
    book.open_due(now)
    events: list[Event] = []
    for arrival in sorted(arrivals, key=lambda arrival: (arrival.at, arrival.series)):
        events += take(book, arrival, history=history)
    _restart_clocks(book, around)
    events += _excuse(book, now, around)
    newly = _judge(book, now, around)
    return events + _say(book, newly, now)


def _restart_clocks(book: Book, around: Surroundings) -> None:
    """Give the beats that an outage has overlapped their full time again, from its end."""
    spans = [(outage.prefix, outage.since, outage.until) for outage in around.outages if outage.until]
    if around.resumed_at is not None:
        spans.append(("", datetime.min.replace(tzinfo=around.resumed_at.tzinfo), around.resumed_at))
    if not spans:
        return
    for beat in book.open_beats():
        if beat.state is BeatState.MISSING:
            continue
        ends = [
            until
            for prefix, since, until in spans
            if beat.series.startswith(prefix) and beat.clock_from < until and beat.missing_at > since
        ]
        if ends:
            book.put(replace(beat, clock_from=max(ends)))


def _excuse(book: Book, now: datetime, around: Surroundings) -> list[Event]:
    """Close the beats nobody waits for any more: paused and deleted series, and what was told and is silenced now."""
    events = []
    for beat in book.open_beats():
        series = book.series[beat.series]
        why = "It was paused." if series.schedule.paused else "It was deleted." if series.gone else ""
        if not why and beat.state is BeatState.MISSING:
            why = around.silence(series)
        if why:
            if beat.subject_key:
                events.append(words.excused(beat, series, now=now, why=why))
            book.put(replace(beat, state=BeatState.EXCUSED))
    return events


def _judge(book: Book, now: datetime, around: Surroundings) -> list[Beat]:
    """Give every open beat its state; returns those that are missing and of which somebody must hear."""
    open_now = [beat for beat in book.open_beats() if beat.state is not BeatState.MISSING]
    crossed = {id(beat): _crossed(beat, now) for beat in open_now}
    troubled = {beat.series for beat in book.open_beats() if beat.state in _TROUBLE}
    troubled |= {beat.series for beat in open_now if crossed[id(beat)] in _TROUBLE}
    newly: dict[str, Beat] = {}
    for beat in open_now:
        verdict, series = crossed[id(beat)], book.series[beat.series]
        held = any(outage.holds(beat) for outage in around.outages) or (
            series.schedule.upstream and not troubled.isdisjoint(book.ancestors(beat.series))
        )
        if verdict is not BeatState.WAITING and held:
            _enter(book, beat, state=BeatState.HELD)
        elif beat.state is BeatState.HELD:
            if not held:
                book.put(replace(beat, state=BeatState.WAITING, clock_from=now))
        elif verdict is not BeatState.MISSING:
            _enter(book, beat, state=verdict)
        elif around.silence(series):
            _enter(book, beat, state=BeatState.EXCUSED)
        elif _told(book, beat.series) or beat.series in newly:
            _enter(book, beat, state=BeatState.MISSING)
        else:
            newly[beat.series] = beat
    return list(newly.values())


def _crossed(beat: Beat, now: datetime) -> BeatState:
    """The state by the clock alone."""
    if now >= beat.missing_at:
        return BeatState.MISSING
    return BeatState.LATE if beat.late_at is not None and now >= beat.late_at else BeatState.WAITING


def _enter(book: Book, beat: Beat, *, state: BeatState) -> None:
    if beat.state is not state:
        book.put(replace(beat, state=state))


def _told(book: Book, series: str) -> bool:
    return any(beat.subject_key for beat in book.beats.get(series, ()))


def _say(book: Book, newly: Sequence[Beat], now: datetime) -> list[Event]:
    """One message each, or one for all when they are many."""
    if not newly:
        return []
    recent = [beat for beat in book.open_beats() if beat.reported_at and beat.reported_at > now - STORM_WINDOW]
    alone = [beat for beat in recent if beat.subject_key == beat.key]
    key = _current_stop(book, now)
    events: list[Event] = []
    if not key and len(newly) + len(alone) > STORM:
        key = words.stopped_key(now)
        events = [event for beat in alone for event in _join(book, beat, key, now)]
    for beat in newly:
        events.append(_tell(book, replace(beat, subject_key=key or beat.key, reported_at=now), Word.MISSING))
    return events


def _current_stop(book: Book, now: datetime) -> str:
    """The message that says that everything has stopped, if more belongs into it; otherwise nothing.

    It is open for as long as a storm lasts, and until anything at all has come again.
    """
    stops = [
        (beat.reported_at, beat.subject_key)
        for beat in book.open_beats()
        if beat.reported_at and beat.subject_key != beat.key
    ]
    if not stops:
        return ""
    joined_at, key = max(stops)
    nothing_since = all(not series.last_seen_at or series.last_seen_at <= joined_at for series in book.series.values())
    return key if nothing_since or joined_at > now - STORM_WINDOW else ""


def _join(book: Book, beat: Beat, key: str, now: datetime) -> list[Event]:
    """What was told on its own is told with the others from now on."""
    left = words.joined(beat, book.series[beat.series], now=now, stopped=key)
    return [left, _tell(book, replace(beat, subject_key=key), Word.STOPPED)]


def _tell(book: Book, beat: Beat, word: Word) -> Event:
    book.put(replace(beat, state=BeatState.MISSING))
    waiting = [book.series[name].schedule.name for name in book.descendants(beat.series)]
    return words.missing(beat, book.series[beat.series], word=word, waiting=waiting)
