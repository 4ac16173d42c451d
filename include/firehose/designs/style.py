"""What all messages have in common: one alphabet of glyphs, one colour, one way to write times and amounts. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

from include.firehose.blocks import clip

OK, RETRIED, FAILED, SKIPPED, WAITING, NEW = "●", "▲", "✕", "○", "◌", "✦"
# For what is wrong, and nothing else.
RED = "#d1242f"
BAR_CELLS = 20
_EIGHTHS = "▁▂▃▄▅▆▇█"
_UNITS = ("B", "KB", "MB", "GB", "TB")


def bar(done: int, total: int) -> str:
    """How far something has come, as 20 cells."""
    cells = BAR_CELLS * min(done, total) // total if total else 0
    return "▰" * cells + "▱" * (BAR_CELLS - cells)


def duration(seconds: float) -> str:
    """`8s`, `7m12s`, `2h05m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def clock(time: datetime, timezone: tzinfo) -> str:
    """`06:04` in the reader's time zone."""
    return time.astimezone(timezone).strftime("%H:%M")


def day_and_clock(time: datetime, timezone: tzinfo) -> str:
    """`2026-11-23 06:04` in the reader's time zone."""
    return time.astimezone(timezone).strftime("%Y-%m-%d %H:%M")


def amount(number: int) -> str:
    """`48,210`."""
    return f"{number:,}"


def counted(number: int, noun: str) -> str:
    """`1 row`, `48,210 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(byte_count: float) -> str:
    """`61 MB`, in powers of 1,000."""
    for unit in _UNITS:
        if byte_count < 1000 or unit == _UNITS[-1]:
            break
        byte_count /= 1000
    return f"{byte_count:.1f} {unit}" if unit != "B" and byte_count < 10 else f"{byte_count:.0f} {unit}"


def middle(values: Sequence[float]) -> tuple[float, float] | None:
    """The range of the values without their smallest and largest tenth; None when there are none."""
    known = sorted(values)
    if not known:
        return None
    cut = len(known) // 10
    return known[cut], known[-1 - cut]


def sparkline(values: Sequence[float]) -> str:
    """The values as eighth blocks, scaled to their own largest."""
    top = max(values, default=0.0)
    if top <= 0:
        return _EIGHTHS[0] * len(values)
    return "".join(_EIGHTHS[min(7, max(0, round(7 * value / top)))] for value in values)


def ordinal(number: int) -> str:
    """`2nd`, `3rd`, `11th`."""
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def named(names: Sequence[str], count: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(clip(name, 60) for name in names[:count]) + more
