"""Slack's `ts`: an id and a time in one, `SSSSSSSSSS.MMMMMM`.

Ten digits of seconds hold until 2286, so comparing two of them as text orders them by time; the store relies on it.
"""

from __future__ import annotations

from datetime import UTC, datetime

MICROSECONDS = 1_000_000
LARGEST = 2**63 - 1
# A thread_ts outside this window is refused; inside it, one that names no message is not (measured on slack.com).
THREAD_FLOOR_SECONDS = 631_152_000
THREAD_AHEAD_SECONDS = 3_600


def render(microseconds: int) -> str:
    """The `ts` of a moment given in microseconds since 1970."""
    return f"{microseconds // MICROSECONDS:010d}.{microseconds % MICROSECONDS:06d}"


def microseconds(ts: str) -> int:
    """The moment of a well-formed `ts`, in microseconds since 1970."""
    seconds, _, fraction = ts.partition(".")
    return int(seconds) * MICROSECONDS + int(fraction)


def read(value: str | None) -> str | None:
    """A `ts` argument as Slack reads it: None when absent, empty or `0`.

    The digits before the first dot are seconds, the digits of the next part a whole number of microseconds written
    after them; everything else is dropped. ValueError when nothing but zero is left.
    """
    if value is None or value in ("", "0"):
        return None
    head, _, tail = value.partition(".")
    seconds = _digits(head)
    fraction = _digits(tail.partition(".")[0]).lstrip("0").zfill(6)
    total = min(int((seconds + fraction)[:40] or "0"), LARGEST)
    if not total:
        raise ValueError(f"{value!r} is no timestamp")
    return render(total)


def _digits(text: str) -> str:
    return "".join(character for character in text if character in "0123456789")


def within_thread_window(ts: str, now_microseconds: int) -> bool:
    """Whether Slack reads this `thread_ts` at all."""
    seconds = microseconds(ts) // MICROSECONDS
    return THREAD_FLOOR_SECONDS < seconds <= now_microseconds // MICROSECONDS + THREAD_AHEAD_SECONDS


def local_time(ts: str) -> datetime:
    """The moment in this machine's time zone."""
    return datetime.fromtimestamp(microseconds(ts) / MICROSECONDS, UTC).astimezone()
