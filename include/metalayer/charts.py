"""Pictures of answers as SVG, without scripts and without words inside.

The words (axis, legend) are data for the page to set around the picture: text inside a drawing that is stretched over a
phone's width cannot be read, and a drawing without text can be. Colours are classes of the page's stylesheet, so that a
dark page has a dark picture. Pure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from include.metalayer.plots import Plot
from include.metalayer.query import ChartKind

MAX_BARS = 15
# With more times than these, the axis names days alone.
FEW_PLACES = 3
_STEPS = (1, 2, 4, 5, 6, 8, 10)

Say = Callable[[float], str]


@dataclass(frozen=True)
class Picture:
    """A drawing and the words to set around it."""

    svg: Markup
    # The vertical axis from the top down, the horizontal one from the left.
    ticks: tuple[str, ...]
    labels: tuple[str, ...]
    legend: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bar:
    """One line of a ranking: a name, its value in words, and the bar, or several below each other."""

    name: str
    value: str
    svg: Markup


def draw(plot: Plot, say: Say) -> Picture:
    """The picture of values over time: columns (one upon the other when stacked), or lines."""
    stacked = plot.kind is not ChartKind.LINE
    low, high = _range(plot, stacked)
    scale = _Scale(low, high, len(plot.places))
    shapes = _stack(plot, scale) if stacked else [_line(one.values, scale) for one in plot.series]
    paths = Markup("").join(
        Markup('<path class="{} s{}" d="{}"/>').format("area" if stacked else "line", number, shape)
        for number, shape in enumerate(shapes)
    )
    svg = Markup('<svg viewBox="0 0 {} 100" preserveAspectRatio="none" aria-hidden="true">{}{}{}</svg>').format(
        scale.width, _grid(scale), paths, _hints(plot, say)
    )
    middle = plot.places[len(plot.places) // 2]
    labels = (plot.places[0], middle, plot.places[-1]) if len(plot.places) > 2 else plot.places
    return Picture(
        svg=svg,
        ticks=(say(high), say((low + high) / 2), say(low)),
        labels=tuple(_short(label)[: 10 if len(plot.places) > FEW_PLACES else None] for label in labels),
        legend=legend(plot, say),
    )


@dataclass(frozen=True)
class _Scale:
    """Where values stand in a drawing that is 100 high and 10 wide per place."""

    low: float
    high: float
    places: int

    @property
    def width(self) -> int:
        return 10 * max(1, self.places)

    def y(self, value: float) -> float:
        return round(100 * (self.high - value) / (self.high - self.low), 2)


def _range(plot: Plot, stacked: bool) -> tuple[float, float]:
    every = zip(*(one.values for one in plot.series), strict=True)
    columns = [[value for value in values if value is not None] for values in every]
    if stacked:
        tops = [math.fsum(value for value in column if value > 0) for column in columns]
        bottoms = [math.fsum(value for value in column if value < 0) for column in columns]
    else:
        tops = bottoms = [value for column in columns for value in column]
    # No minus before a zero.
    return 0.0 - _tidy(-min([0.0, *bottoms])), _tidy(max([0.0, *tops])) or 1.0


def _tidy(value: float) -> float:
    """The next number upwards that people like to read on an axis."""
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in _STEPS if step * power >= value * 0.999999)


def _stack(plot: Plot, scale: _Scale) -> list[str]:
    above, below = [0.0] * scale.places, [0.0] * scale.places
    shapes = []
    for one in plot.series:
        parts = []
        for place, value in enumerate(one.values):
            if not value:
                continue
            base = above if value > 0 else below
            start, base[place] = base[place], base[place] + value
            top, bottom = scale.y(max(start, base[place])), scale.y(min(start, base[place]))
            parts.append(f"M{10 * place + 1} {top}h8V{bottom}h-8z")
        shapes.append("".join(parts))
    return shapes


def _line(values: Sequence[float | None], scale: _Scale) -> str:
    parts, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        # A point alone between unknown ones is drawn as a dot: a line of no length with round ends.
        parts.append(f"{pen}{10 * place + 5} {scale.y(value)}" + ("h0" if pen == "M" else ""))
        pen = "L"
    return "".join(parts)


def _grid(scale: _Scale) -> Markup:
    heights = sorted({0.0, 50.0, 100.0, scale.y(0.0)})
    return Markup("").join(Markup('<path class="grid" d="M0 {}h{}"/>').format(y, scale.width) for y in heights)


def _hints(plot: Plot, say: Say) -> Markup:
    """What the pointer reads above each place; everybody else reads the table below the picture."""
    hints = []
    for place, name in enumerate(plot.places):
        lines = [f"{one.name}: {say(value)}" for one in plot.series if (value := one.values[place]) is not None]
        text = "\n".join([_short(name), *(lines or ["nothing"])])
        hints.append(
            Markup('<rect class="hint" x="{}" width="10" height="100"><title>{}</title></rect>').format(
                10 * place, text
            )
        )
    return Markup("").join(hints)


def _short(place: str) -> str:
    """`2026-11-22T09:00:00Z` as `2026-11-22 09:00`."""
    return place[:16].replace("T", " ") if "T" in place else place


def bars(plot: Plot, say: Say) -> tuple[Bar, ...]:
    """The ranking of named things; what is beyond the first MAX_BARS is counted at the end.

    Parts of one whole make one bar, the largest whole first. Values to compare, such as before and now, have a bar
    each, and stand in the order of the answer.
    """
    compared = _compared(plot)
    values = {name: [one.values[place] or 0.0 for one in plot.series] for place, name in enumerate(plot.places)}
    ranked = list(values.items()) if compared else sorted(values.items(), key=lambda pair: -math.fsum(pair[1]))
    top = max((max(parts) if compared else math.fsum(parts) for _, parts in ranked), default=0.0) or 1.0
    found = [
        Bar(
            name,
            " / ".join(map(say, parts)) if compared else say(math.fsum(parts)),
            _below(parts, top) if compared else _beside(parts, top),
        )
        for name, parts in ranked[:MAX_BARS]
    ]
    if rest := ranked[MAX_BARS:]:
        together = math.fsum(math.fsum(parts) for _, parts in rest)
        found.append(Bar(f"{len(rest):,} more", "" if compared else say(together), Markup("")))
    return tuple(found)


def _compared(plot: Plot) -> bool:
    return plot.kind is ChartKind.BAR and len(plot.series) > 1


def _beside(parts: Sequence[float], top: float) -> Markup:
    """One bar of several colours."""
    shapes, start = Markup(""), 0
    for number, part in enumerate(parts):
        width = round(1000 * max(0.0, part) / top)
        shapes += Markup('<path class="area s{}" d="M{} 0h{}v1h-{}z"/>').format(number, start, width, width)
        start += width
    return _bar(shapes, height=1)


def _below(parts: Sequence[float], top: float) -> Markup:
    """A bar for each value."""
    shapes = (
        Markup('<path class="area s{}" d="M0 {}h{}v.8H0z"/>').format(number, number, round(1000 * max(0.0, part) / top))
        for number, part in enumerate(parts)
    )
    return _bar(Markup("").join(shapes), height=len(parts))


def _bar(shapes: Markup, *, height: int) -> Markup:
    return Markup(
        '<svg class="bar" viewBox="0 0 1000 {}" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="track" d="M0 0h1000v{}H0z"/>{}</svg>'
    ).format(height, height, shapes)


def legend(plot: Plot, say: Say) -> tuple[tuple[str, str], ...]:
    """The colours' names, with the sum of each where a sum says something."""
    summed = plot.summable and plot.kind is not ChartKind.LINE and (plot.over_time or not _compared(plot))
    return tuple((one.name, say(one.total) if summed else "") for one in plot.series)


def spark(values: Sequence[float]) -> Markup:
    """A line as small as a word; nothing when there is no course to see."""
    if len(values) < 2:
        return Markup("")
    low, high = min(values), max(values)
    scale = _Scale(low, high if high > low else low + 1.0, len(values))
    return Markup(
        '<svg class="spark" viewBox="0 -6 {} 112" preserveAspectRatio="none" aria-hidden="true">'
        '<path class="line s0" d="{}"/></svg>'
    ).format(scale.width, _line(values, scale))
