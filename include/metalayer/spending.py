"""What we spend, in the words of a bill: this month, the last whole day, and what it went on. Pure."""

from __future__ import annotations

import calendar
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from include.metalayer.answer import Row
from include.metalayer.entry import Entry
from include.metalayer.figures import Figure, moved, shown
from include.metalayer.plots import Plot, plot
from include.metalayer.query import Unit

BILL, WAREHOUSES = "daily_bill", "warehouse_spend_idle"
DAYS = 30
# Fewer days than these say nothing of what is usual; a day within this much of it is as usual.
USUAL_DAYS, ENOUGH_DAYS, AS_USUAL_PERCENT = 28, 7, 10


@dataclass(frozen=True)
class Fact:
    """A figure beside the large one, with a word on it."""

    name: str
    figure: Figure
    note: str = ""


@dataclass(frozen=True)
class Spend:
    """The bill in short; `month` is this month until now, `words` say until when."""

    entry: Entry
    month: Figure
    words: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Split:
    """What the warehouses were paid for: the parts of the last days, and the picture of each day."""

    entry: Entry
    facts: tuple[Fact, ...]
    plot: Plot


def spend(entries: Mapping[str, Entry]) -> Spend | None:
    """What we pay; None when the bill is not known."""
    entry = entries.get(BILL)
    if entry is None or entry.answer is None or not entry.answer.rows:
        return None
    days = _billed(entry.answer.rows)
    over = sorted({str(row["day"]) for row in entry.answer.rows if row.get("complete")})
    today = max(days)
    this_month = [day for day in days if day[:7] == today[:7]]
    month = _credits(entry, (days[day] for day in this_month))
    facts = []
    if over:
        before = [days[day] for day in over[-1 - USUAL_DAYS : -1]]
        facts.append(Fact(_day(over[-1]), _credits(entry, [days[over[-1]]]), _against_usual(days[over[-1]], before)))
    whole = [days[day] for day in over if day in this_month]
    if whole:
        pace = statistics.fmean(whole) * calendar.monthrange(int(today[:4]), int(today[5:7]))[1]
        facts.append(Fact("The month at this pace", _credits(entry, [pace]), _last_month(entry, days, today)))
    return Spend(entry, month, f"in {calendar.month_name[int(today[5:7])]}, until {_day(today)}", tuple(facts))


def _day(text: str) -> str:
    """`Sunday 22 November`."""
    day = date.fromisoformat(text)
    return f"{day:%A} {day.day} {day:%B}"


def _against_usual(value: float, before: Sequence[float]) -> str:
    """How a day stands to the middle one of the weeks before it."""
    if len(before) < ENOUGH_DAYS:
        return "too few days before it to say what is usual"
    usual = statistics.median(before)
    if usual <= 0:
        return "on a usual day nothing is spent"
    percent = 100 * (value - usual) / usual
    amount = shown(usual, Unit.CREDITS)
    if abs(percent) < AS_USUAL_PERCENT:
        return f"as usual ({amount})"
    return f"{moved(value, usual, Unit.CREDITS).lstrip('+-')} {'above' if percent > 0 else 'below'} usual ({amount})"


def _last_month(entry: Entry, days: Mapping[str, float], today: str) -> str:
    """What the month before cost, when the record holds all of it."""
    year, month = int(today[:4]), int(today[5:7])
    year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    length = calendar.monthrange(year, month)[1]
    wanted = [date(year, month, day + 1).isoformat() for day in range(length)]
    if wanted[0] < min(days):
        return ""
    figure = _credits(entry, (days.get(day, 0.0) for day in wanted))
    return f"{calendar.month_name[month]} was {figure.text}"


def split(entries: Mapping[str, Entry]) -> Split | None:
    """What the warehouses were paid for, by day; None when nobody knows."""
    entry = entries.get(WAREHOUSES)
    if entry is None or entry.query.chart is None or entry.answer is None:
        return None
    x = entry.query.chart.x
    by_day = [(str(row.get(x))[:10], row) for row in entry.answer.rows]
    newest = set(sorted({day for day, _ in by_day})[-DAYS:])
    drawn = plot(entry.query, [{**row, x: day} for day, row in by_day if day in newest])
    if drawn is None:
        return None
    whole = math.fsum(series.total for series in drawn.series)
    facts = tuple(
        Fact(series.name, _credits(entry, [series.total]), f"{100 * series.total / whole:.0f} %" if whole else "")
        for series in drawn.series
    )
    return Split(entry, facts, drawn)


def _billed(rows: Iterable[Row]) -> dict[str, float]:
    """Credits of each day, all services together."""
    days: dict[str, list[float]] = {}
    for row in rows:
        billed = row.get("credits_billed")
        days.setdefault(str(row.get("day")), []).append(billed if isinstance(billed, (int, float)) else 0.0)
    return {day: math.fsum(values) for day, values in sorted(days.items())}


def _credits(entry: Entry, values: Iterable[float]) -> Figure:
    value = math.fsum(values)
    return Figure(value, Unit.CREDITS, shown(value, Unit.CREDITS), entry.rates.money(value, Unit.CREDITS))
