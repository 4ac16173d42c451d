"""An answer as a table: sorted by a link, a page at a time, and as a file for a spreadsheet. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.metalayer.answer import Row
from include.metalayer.figures import Value, shown
from include.metalayer.query import Column, Query, Unit

PAGE_ROWS = 100
# A cell longer than this opens on demand: one SQL text must not push every other row off the screen.
LONG_CHARS = 120
WORDS_CHARS = 40
_RIGHT = (Unit.COUNT, Unit.BYTES, Unit.CREDITS, Unit.SECONDS, Unit.PERCENT)
# What a spreadsheet would take for a formula (OWASP, "CSV Injection"), the full-width forms included.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_CONTROL = ("\t", "\r", "\n")


@dataclass(frozen=True)
class Sort:
    """The column that rows are in the order of; None is the order of the statement."""

    column: str | None = None
    descending: bool = False

    @classmethod
    def read(cls, text: str | None, query: Query) -> Sort:
        """From an address: `bytes`, or `-bytes` for the largest first. An unknown name is no order."""
        name = (text or "").removeprefix("-")
        known = any(column.name == name for column in query.columns)
        return cls(name, (text or "").startswith("-")) if known else cls()

    def __str__(self) -> str:
        return f"{'-' if self.descending else ''}{self.column or ''}"

    def after_click(self, column: Column) -> Sort:
        """Numbers begin with the largest, words with A; a second click turns the order round."""
        if self.column == column.name:
            return Sort(column.name, not self.descending)
        return Sort(column.name, column.unit in (*_RIGHT, Unit.TIME, Unit.DATE))


@dataclass(frozen=True)
class Head:
    """The head of a column: its words, its order now (`aria-sort`), and the order that a click makes."""

    title: str
    right: bool
    order: str
    click: str


@dataclass(frozen=True)
class Cell:
    """One value in words, to the right when it is a number."""

    text: str
    right: bool

    @property
    def words(self) -> bool:
        """Whether it needs the width of a sentence."""
        return len(self.text) > WORDS_CHARS

    @property
    def long(self) -> bool:
        return len(self.text) > LONG_CHARS

    @property
    def beginning(self) -> str:
        return f"{self.text[:LONG_CHARS].rstrip()} …"


@dataclass(frozen=True)
class Line:
    """One row with what is to be said of it."""

    cells: tuple[Cell, ...]
    wish: str
    new: bool


@dataclass(frozen=True)
class Table:
    """One page of rows."""

    heads: tuple[Head, ...]
    lines: tuple[Line, ...]
    sort: Sort
    page: int
    pages: int
    first: int
    rows: int

    @property
    def last(self) -> int:
        return self.first + len(self.lines) - 1


def table(
    query: Query, rows: Sequence[Row], *, sort: Sort, page: int, wishes: Mapping[int, str], new: frozenset[int]
) -> Table:
    """The page of rows that was asked for, or the nearest there is; `wishes` and `new` are by the row's place."""
    places = _ordered(rows, sort)
    pages = max(1, -(-len(places) // PAGE_ROWS))
    page = min(max(1, page), pages)
    first = (page - 1) * PAGE_ROWS
    lines = tuple(
        Line(cells(query, rows[place]), wishes.get(place, ""), place in new)
        for place in places[first : first + PAGE_ROWS]
    )
    heads = tuple(_head(column, sort) for column in query.columns)
    return Table(heads, lines, sort, page, pages, first + 1, len(places))


def cells(query: Query, row: Row) -> tuple[Cell, ...]:
    """A row in words."""
    return tuple(Cell(_word(row.get(column.name), column.unit), column.unit in _RIGHT) for column in query.columns)


def _word(value: Value, unit: Unit) -> str:
    """As everywhere, but for credits, which the head of the column says once for all rows."""
    text = shown(value, unit)
    return text.partition(" credit")[0] if unit is Unit.CREDITS else text


def title(column: Column) -> str:
    """The head of a column."""
    return f"{column.title}, credits" if column.unit is Unit.CREDITS and "redits" not in column.title else column.title


def _ordered(rows: Sequence[Row], sort: Sort) -> list[int]:
    """The rows' places in order; what has no value stands last in either direction."""
    name = sort.column
    if name is None:
        return list(range(len(rows)))
    known = [place for place in range(len(rows)) if rows[place].get(name) is not None]
    unknown = [place for place in range(len(rows)) if rows[place].get(name) is None]

    def value(place: int) -> tuple[bool, float, str]:
        found = rows[place][name]
        number = isinstance(found, (int, float))
        return (not number, float(found) if isinstance(found, (int, float)) else 0.0, str(found).casefold())

    return sorted(known, key=value, reverse=sort.descending) + unknown


def _head(column: Column, sort: Sort) -> Head:
    order = "none" if sort.column != column.name else "descending" if sort.descending else "ascending"
    return Head(title(column), column.unit in _RIGHT, order, str(sort.after_click(column)))


def to_csv(query: Query, rows: Iterable[Row]) -> str:
    """The rows as comma-separated values: numbers and times as data, words so that no spreadsheet runs them."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(column.name for column in query.columns)
    for row in rows:
        writer.writerow(_harmless(row.get(column.name)) for column in query.columns)
    return text.getvalue()


def _harmless(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    risky = value.startswith(_CONTROL) or value.lstrip().startswith(_FORMULA)
    return f"'{value}" if risky else value
