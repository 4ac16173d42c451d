"""`data_visualization` blocks as geometry: numbers to SVG coordinates. The template draws, the style sheet colours."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT = 600, 240
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 12, 28
GRID_LINES = 4
LABELS_SHOWN = 8
PIE_CENTRE, PIE_RADIUS = 110, 92


@dataclass
class Chart:
    """What the template draws. `marks` are `(series, shape, title)`, a shape being SVG path data."""

    kind: str
    legend: list[str]
    width: int = WIDTH
    height: int = HEIGHT
    marks: list[tuple[int, str, str]] = field(default_factory=list)
    dots: list[tuple[int, float, float, str]] = field(default_factory=list)
    grid: list[tuple[float, str]] = field(default_factory=list)
    labels: list[tuple[float, str]] = field(default_factory=list)
    x_label: str = ""
    y_label: str = ""


def chart(definition: dict[str, Any]) -> Chart:
    """The geometry of one validated chart."""
    return _pie(definition) if definition["type"] == "pie" else _plot(definition)


def short_number(value: float) -> str:
    """`1.2M`, `48k`, `12.5`."""
    for size, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.4g}"


def _pie(definition: dict[str, Any]) -> Chart:
    segments = definition["segments"]
    total = sum(segment["value"] for segment in segments) or 1
    drawn = Chart("pie", [f"{s['label']} · {s['value'] / total:.0%}" for s in segments], 2 * PIE_CENTRE, 2 * PIE_CENTRE)
    angle = -math.pi / 2
    for index, segment in enumerate(segments):
        # A full circle has no end that differs from its start, so it stays a hair open.
        end = angle + min(segment["value"] / total, 0.9999) * 2 * math.pi
        drawn.marks.append((index, _slice(angle, end), f"{segment['label']}: {short_number(segment['value'])}"))
        angle = end
    return drawn


def _slice(start: float, end: float) -> str:
    (x1, y1), (x2, y2) = (
        (PIE_CENTRE + PIE_RADIUS * math.cos(angle), PIE_CENTRE + PIE_RADIUS * math.sin(angle)) for angle in (start, end)
    )
    large = int(end - start > math.pi)
    return f"M{PIE_CENTRE} {PIE_CENTRE}L{x1:.1f} {y1:.1f}A{PIE_RADIUS} {PIE_RADIUS} 0 {large} 1 {x2:.1f} {y2:.1f}Z"


def _ticks(values: Sequence[float]) -> list[float]:
    """Round numbers from below the smallest value (or zero) to above the largest."""
    low, high = min(0.0, *values), max(0.0, *values)
    step = (high - low or 1) / GRID_LINES
    magnitude = 10 ** math.floor(math.log10(step))
    step = next(size * magnitude for size in (1, 2, 2.5, 5, 10) if size * magnitude >= step)
    first, last = math.floor(low / step), math.ceil(high / step) or 1
    return [step * index for index in range(first, last + 1)]


def _plot(definition: dict[str, Any]) -> Chart:
    axes, kind = definition["axis_config"], definition["type"]
    series = [{point["label"]: point["value"] for point in item["data"]} for item in definition["series"]]
    categories = axes["categories"]
    ticks = _ticks([value for points in series for value in points.values()])
    step = (WIDTH - LEFT - RIGHT) / len(categories)

    def y(value: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (ticks[-1] - value) / (ticks[-1] - ticks[0]), 1)

    middles = [round(LEFT + step * (index + 0.5), 1) for index in range(len(categories))]
    every = math.ceil(len(categories) / LABELS_SHOWN)
    labels = list(zip(middles, categories, strict=True))[::every]
    drawn = Chart(
        kind,
        [item["name"] for item in definition["series"]],
        grid=[(y(tick), short_number(tick)) for tick in ticks],
        labels=labels,
        x_label=axes.get("x_label", ""),
        y_label=axes.get("y_label", ""),
    )
    for index, points in enumerate(series):
        heights = [y(points[name]) for name in categories]
        names = [f"{drawn.legend[index]}, {name}: {short_number(points[name])}" for name in categories]
        if kind == "bar":
            drawn.marks += _bars(index, len(series), step, middles, heights, y(0), names)
        else:
            drawn.marks.append((index, _line(middles, heights, y(0) if kind == "area" else None), drawn.legend[index]))
            drawn.dots += [(index, x, height, name) for x, height, name in zip(middles, heights, names, strict=True)]
    return drawn


def _bars(
    index: int, count: int, step: float, middles: list[float], heights: list[float], floor: float, names: list[str]
) -> list[tuple[int, str, str]]:
    width = min(step * 0.72 / count, 42)
    return [
        (index, f"M{middle + (index - count / 2) * width:.1f} {floor}V{top}h{width * 0.9:.1f}V{floor}Z", name)
        for middle, top, name in zip(middles, heights, names, strict=True)
    ]


def _line(middles: list[float], heights: list[float], floor: float | None) -> str:
    line = "L".join(f"{x} {y}" for x, y in zip(middles, heights, strict=True))
    return f"M{line}" if floor is None else f"M{line}L{middles[-1]} {floor}L{middles[0]} {floor}Z"
