"""One question with all that is known of it: its mark, its figure, its change, its age. Pure.

Whoever looks must see what wants a person and what does not, and must never take "could not be asked" for "nothing to
report".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cached_property

from include.firehose.designs import style
from include.metalayer.answer import Answer, Row, State, Wish, change, counts, gone_rows, headline, new_rows, wishes
from include.metalayer.figures import NO_RATES, Figure, Rates
from include.metalayer.history import Point
from include.metalayer.plots import Plot, plot
from include.metalayer.query import Query


class Mark(Enum):
    """The glyphs of the channel, with the words for those who do not see them, and the tone (a class of the page)."""

    FINE = (style.OK, "Nothing to do", "fine")
    ATTENTION = (style.RETRIED, "Wants a look", "attention")
    CANNOT_KNOW = (style.SKIPPED, "Cannot be known here", "quiet")
    FAILED = (style.FAILED, "Asking failed", "bad")
    NOT_ASKED = (style.WAITING, "Not asked yet", "quiet")

    @property
    def glyph(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]

    @property
    def tone(self) -> str:
        return self.value[2]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One question with all that is known of it.

    `asked` is how the last asking ended, `answer` the last that was answered (often the same), `before` the one to
    compare it with; `course` is the headline over time, oldest first. `query` is the statement that gave `answer`.
    """

    query: Query
    asked: Answer | None = None
    answer: Answer | None = None
    before: Answer | None = None
    course: Sequence[Point] = ()
    rates: Rates = NO_RATES

    @cached_property
    def mark(self) -> Mark:
        if self.asked is None:
            return Mark.NOT_ASKED
        if self.asked.state is not State.ANSWERED:
            return Mark.FAILED if self.asked.state is State.FAILED else Mark.CANNOT_KNOW
        return Mark.ATTENTION if self.wishes else Mark.FINE

    @property
    def name(self) -> str:
        """The question's name, whichever statement answered it."""
        return self.query.answers or self.query.name

    @cached_property
    def wishes(self) -> Sequence[Wish]:
        return wishes(self.query, self.answer) if self.answer else ()

    @cached_property
    def wishes_by_place(self) -> Mapping[int, str]:
        """The sentence of each row that wants a person, by the row's place in the answer."""
        return self._places({id(wish.row): wish.words for wish in self.wishes})

    @cached_property
    def new_places(self) -> frozenset[int]:
        """The places of the rows that were not there before."""
        return frozenset(self._places({id(row): "" for row in self.new}))

    def _places(self, of_rows: Mapping[int, str]) -> dict[int, str]:
        """Rows are told apart by being the same object: two may look alike."""
        rows = self.answer.rows if self.answer else ()
        return {place: of_rows[id(row)] for place, row in enumerate(rows) if id(row) in of_rows}

    @cached_property
    def new(self) -> Sequence[Row]:
        return self._counted(new_rows(self.query, self.answer, self.before)) if self.answer else ()

    @cached_property
    def gone(self) -> Sequence[Row]:
        return self._counted(gone_rows(self.query, self.answer, self.before)) if self.answer else ()

    def _counted(self, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows that the headline is about: a table that is too young to say anything of is no news."""
        return [row for row in rows if counts(self.query, row)]

    @cached_property
    def figure(self) -> Figure | None:
        """The headline, when there ever was an answer and it has a value."""
        figure = headline(self.query, self.answer, self.rates) if self.answer else None
        return figure if figure is not None and figure.value is not None else None

    @cached_property
    def change(self) -> str:
        return change(self.query, self.answer, self.before) if self.answer else ""

    @cached_property
    def plot(self) -> Plot | None:
        """What the question's chart shows of the answer."""
        return plot(self.query, self.answer.rows) if self.answer else None

    def reckon(self) -> None:
        """Work out now what every look needs: over 10,000 rows it takes as long as everything else of a look."""
        _ = self.mark, self.figure, self.change, self.wishes_by_place, self.new_places, self.gone, self.plot

    @property
    def values(self) -> list[float]:
        """The course as bare numbers."""
        return [point.value for point in self.course]


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `12 minutes ago`, `3 hours ago`, `2 days ago`."""
    age = max(now - moment, timedelta())
    if age < timedelta(minutes=1):
        return "just now"
    if age < timedelta(hours=1):
        return f"{style.counted(int(age.total_seconds() // 60), 'minute')} ago"
    if age < timedelta(days=2):
        return f"{style.counted(int(age.total_seconds() // 3600), 'hour')} ago"
    return f"{style.counted(age.days, 'day')} ago"


def utc(moment: datetime) -> str:
    """`2026-11-23 09:15 UTC`."""
    return f"{style.day_and_clock(moment, UTC)} UTC"


def lateness(minutes: int) -> str:
    """How late Snowflake is with what the question reads, in words; empty when it is not."""
    if minutes <= 0:
        return ""
    return f"up to {style.counted(minutes, 'minute') if minutes < 120 else style.counted(round(minutes / 60), 'hour')}"


def data_age(entry: Entry) -> str:
    """As of when the shown answer describes the world."""
    if entry.answer is None:
        return ""
    late = lateness(entry.query.latency_minutes)
    until = entry.answer.data_until or entry.answer.asked_at
    tail = f"Snowflake is {late} late with this." if late else "This is in real time."
    return f"Shows the world as of {utc(until)}. {tail}"
