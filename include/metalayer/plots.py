"""What a question's chart shows: places along an axis, and the series of values that stand there. Pure.

Apart from the drawing, because the same plot is a picture over time, a ranking of names, or a row of sparks in Slack.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from include.metalayer.query import Chart, ChartKind, Column, Query, Unit

# What the eye can tell apart; what is beyond is drawn as one.
MAX_SERIES = 5
OTHERS = "all others"
# More columns than this become days: an hour would be thinner than a hair.
MAX_COLUMNS = 200
_TIMES = (Unit.TIME, Unit.DATE)
_SUMMABLE = (Unit.COUNT, Unit.CREDITS, Unit.SECONDS)


@dataclass(frozen=True)
class Series:
    """One colour: its name, and a value for each place on the horizontal axis (None: unknown there)."""

    name: str
    values: tuple[float | None, ...]

    @property
    def total(self) -> float:
        return math.fsum(value for value in self.values if value is not None)


@dataclass(frozen=True)
class Plot:
    """What is to be drawn: places, series, and the unit of all values."""

    kind: ChartKind
    places: tuple[str, ...]
    series: tuple[Series, ...]
    unit: Unit
    over_time: bool

    @property
    def summable(self) -> bool:
        """Whether the values of several places make one: credits of days do, bytes that lie there each day do not."""
        return self.unit in _SUMMABLE


def plot(query: Query, rows: Sequence[Mapping[str, Any]]) -> Plot | None:
    """What the question's chart shows of these rows; None when it declares none or there is nothing to draw."""
    chart = query.chart
    if chart is None or not rows:
        return None
    columns = {column.name: column for column in query.columns}
    unit, over_time = columns[chart.y[0]].unit, columns[chart.x].unit in _TIMES
    sums = _sums(chart, columns, rows)
    places = sorted({place for place, _ in sums}) if over_time else list(dict.fromkeys(place for place, _ in sums))
    if over_time and chart.kind is not ChartKind.LINE and len(places) > MAX_COLUMNS:
        sums = _added(((place[:10], name), value) for (place, name), value in sums.items())
        places = sorted({place for place, _ in sums})
    if over_time:
        places = _without_holes(places)
    sums = _few(sums)
    names = dict.fromkeys(name for _, name in sums)
    series = tuple(Series(name, tuple(sums.get((place, name)) for place in places)) for name in names)
    return Plot(chart.kind, tuple(places), series, unit, over_time) if places else None


def caption(query: Query) -> str:
    """What the picture is of: `Size by schema`."""
    if query.chart is None:
        return ""
    titles = {column.name: column.title for column in query.columns}
    values = [titles[name] for name in query.chart.y]
    by = [titles[name].lower() for name in (query.chart.x, query.chart.series) if name]
    return f"{values[0] if len(values) == 1 else query.title} by {' and '.join(by)}"


def _sums(
    chart: Chart, columns: Mapping[str, Column], rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], float]:
    """The value of each place and series; rows that share both are added up."""

    def found() -> Iterable[tuple[tuple[str, str], float]]:
        for row in rows:
            place = row.get(chart.x)
            for column in chart.y:
                value = row.get(column)
                if place is not None and isinstance(value, (int, float)):
                    named = [str(row.get(chart.series))] if chart.series else []
                    named += [columns[column].title] if len(chart.y) > 1 or not named else []
                    yield (str(place), " · ".join(named)), float(value)

    return _added(found())


def _added(values: Iterable[tuple[tuple[str, str], float]]) -> dict[tuple[str, str], float]:
    sums: dict[tuple[str, str], float] = {}
    for key, value in values:
        sums[key] = sums.get(key, 0.0) + value
    return sums


def _without_holes(places: list[str]) -> list[str]:
    """A day without a row is a day in the picture too, or a gap would look like a neighbour."""
    if any(len(place) != 10 for place in places) or not places:
        return places
    first, last = date.fromisoformat(places[0]), date.fromisoformat(places[-1])
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    return days if len(days) <= 10 * MAX_COLUMNS else places


def _few(sums: dict[tuple[str, str], float]) -> dict[tuple[str, str], float]:
    """The largest series, and all others as one: before each of them gets a value for each of many places."""
    totals: dict[str, float] = {}
    for (_, name), value in sums.items():
        totals[name] = totals.get(name, 0.0) + value
    if len(totals) <= MAX_SERIES:
        return sums
    largest = sorted(totals, key=lambda name: -abs(totals[name]))[: MAX_SERIES - 1]
    few = _added(((place, name if name in largest else OTHERS), value) for (place, name), value in sums.items())
    order = {name: number for number, name in enumerate([*largest, OTHERS])}
    return dict(sorted(few.items(), key=lambda item: order[item[0][1]]))
