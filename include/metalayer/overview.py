"""The first screen: what we spend, what runs, what nobody uses, what failed, and what wants a look. Pure.

With `spending` it knows five questions by name, to tell them in a person's words. Every other question needs nothing
here, and one of the five that is not there, or has no answer, takes its part of the screen with it or says why.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from include.firehose.designs import style
from include.metalayer.answer import Row, name_of
from include.metalayer.entry import Entry, Mark
from include.metalayer.figures import shown
from include.metalayer.query import Group, Unit
from include.metalayer.spending import Spend, Split, spend, split

TITLES: Mapping[Group, str] = {
    Group.NOW: "What runs now",
    Group.SPEND: "What we spend",
    Group.USE: "What is there and who uses it",
    Group.HEALTH: "What goes wrong or slow",
    Group.ACCESS: "Who comes in",
}
RUNNING, UNUSED, FAILURES = "running_now", "unused_tables", "failures"
LINES = 3
LINE_CHARS = 90


@dataclass(frozen=True)
class Card:
    """One of the other things to see at a glance; without an answer there is no figure and the words say why."""

    title: str
    entry: Entry
    figure: str
    words: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """A question of which a row wants a person: the first sentence, and how many more there are."""

    entry: Entry
    words: str
    more: int


@dataclass(frozen=True)
class Screen:
    """All of it."""

    spend: Spend | None
    split: Split | None
    cards: tuple[Card, ...]
    wanted: tuple[Wanted, ...]
    groups: tuple[tuple[str, list[Entry]], ...]
    counts: tuple[tuple[Mark, int], ...]


def cards(entries: Mapping[str, Entry]) -> list[Card]:
    """What runs, what nobody uses, what failed."""
    makers = ((RUNNING, "Running", _running), (UNUSED, "Used by nobody", _unused), (FAILURES, "Failed", _failed))
    found = []
    for name, title, make in makers:
        entry = entries.get(name)
        if entry is None:
            continue
        if entry.answer is None:
            reason = entry.asked.reason if entry.asked else ""
            found.append(Card(title, entry, "", ": ".join(filter(None, [entry.mark.words, reason]))))
        else:
            found.append(make(title, entry, entry.answer.rows))
    return found


def _running(title: str, entry: Entry, rows: Sequence[Row]) -> Card:
    waiting = sum(row.get("state") != "running" for row in rows)
    words = f"{waiting} of them waiting" if waiting else "nothing waits"
    longest = sorted(rows, key=lambda row: -_number(row, "running_seconds"))
    lines = [
        f"{row.get('job')}: {shown(row.get('running_seconds'), Unit.SECONDS)} on {row.get('warehouse_name')}"
        for row in longest
    ]
    return Card(title, entry, style.counted(len(rows), "statement"), words if rows else "nothing ran", _first(lines))


def _unused(title: str, entry: Entry, rows: Sequence[Row]) -> Card:
    unused = [row for row in rows if row.get("bucket") == "unused"]
    young = len(rows) - len(unused)
    words = [f"they take {entry.figure.text}" if unused and entry.figure else ""]
    words += [entry.figure.money if unused and entry.figure else ""]
    words += [f"{style.counted(young, 'more table')} too young to say" if young else ""]
    largest = sorted(unused, key=lambda row: -_number(row, "bytes"))
    lines = [f"{name_of(entry.query, row)}: {shown(row.get('bytes'), Unit.BYTES)}" for row in largest]
    return Card(title, entry, style.counted(len(unused), "table"), ", ".join(filter(None, words)), _first(lines))


def _failed(title: str, entry: Entry, rows: Sequence[Row]) -> Card:
    failed = [row for row in rows if _number(row, "failures_24h")]
    new = sum(row.get("state") == "new" for row in failed)
    count = sum(int(_number(row, "failures_24h")) for row in failed)
    kinds = f"; {style.counted(new, 'new kind')}, {len(failed) - new} seen before" if failed else ""
    # What people try out by hand fails too; the pipeline's failures come first.
    ranked = sorted(failed, key=lambda row: (not row.get("in_pipeline"), -_number(row, "failures_24h")))
    lines = [f"{row.get('job')}: {row.get('error_message')}" for row in ranked]
    return Card(title, entry, style.counted(count, "statement"), f"in 24 hours{kinds}", _first(lines))


def _first(lines: Sequence[str]) -> tuple[str, ...]:
    clipped = (line if len(line) <= LINE_CHARS else f"{line[:LINE_CHARS].rstrip()} …" for line in lines[:LINES])
    return tuple(clipped)


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    return float(value) if isinstance(value, (int, float)) else 0.0


def grouped(entries: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """The questions below their groups' titles, in the order in which people read them."""
    known = list(entries)
    groups = ((TITLES[group], [entry for entry in known if entry.query.group is group]) for group in Group)
    return [(title, members) for title, members in groups if members]


def wanted(entries: Iterable[Entry]) -> list[Wanted]:
    """The questions of which a row wants a person."""
    return [Wanted(entry, entry.wishes[0].words, len(entry.wishes) - 1) for entry in entries if entry.wishes]


def screen(entries: Mapping[str, Entry]) -> Screen:
    """The first screen of these questions."""
    every = list(entries.values())
    counted = Counter(entry.mark for entry in every)
    return Screen(
        spend=spend(entries),
        split=split(entries),
        cards=tuple(cards(entries)),
        wanted=tuple(wanted(every)),
        groups=tuple(grouped(every)),
        counts=tuple((mark, counted[mark]) for mark in Mark if counted[mark]),
    )
