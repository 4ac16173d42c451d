"""Read a payload that somebody else wrote: every value may be missing, of another type, or far too long. Pure.

A webhook's fields come and go with its sender's versions. What an event cannot do without is asked for with `required`,
everything else is empty when it is not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from include.firehose.blocks import MAX_URL, clip

LONGEST_TEXT = 300
# The year 2100, in epoch seconds: beyond it, a number is no time.
_LATEST = 4_102_444_800

Payload = Mapping[str, Any]


class Malformed(ValueError):
    """The payload lacks what an event cannot do without."""


def value(payload: Payload, *path: str) -> Any:
    """What stands under the path; None when any part of it is missing."""
    found: Any = payload
    for name in path:
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def part(payload: Payload, *path: str) -> Payload:
    """The object under the path; an empty one when there is none."""
    found = value(payload, *path)
    return found if isinstance(found, Mapping) else {}


def parts(payload: Payload, *path: str) -> list[Payload]:
    """The objects of the list under the path."""
    found = value(payload, *path)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def text(payload: Payload, *path: str, limit: int = LONGEST_TEXT) -> str:
    """The first line of the text under the path, cleaned, at most `limit` characters."""
    found = value(payload, *path)
    if not isinstance(found, str):
        return ""
    # Cut first: a message of megabytes is not worth splitting.
    lines = found[: 20 * limit].strip().splitlines()
    return clip(lines[0], limit).strip() if lines else ""


def required(payload: Payload, *path: str) -> str:
    """`text`, which must be there. Raises Malformed."""
    found = text(payload, *path)
    if not found:
        raise Malformed(f"The payload has no {'.'.join(path)}.")
    return found


def number(payload: Payload, *path: str) -> int | None:
    """The positive whole number under the path, also when it is written as text."""
    found = value(payload, *path)
    if isinstance(found, str) and found.isascii() and found.isdigit() and len(found) < 16:
        found = int(found)
    return found if isinstance(found, int) and not isinstance(found, bool) and 0 < found < 10**15 else None


def url(payload: Payload, *path: str) -> str:
    """The https address under the path, or nothing: an address that leads elsewhere is not made a link."""
    found = value(payload, *path)
    if not isinstance(found, str) or len(found) > MAX_URL or not found.startswith("https://"):
        return ""
    return "" if any(character.isspace() or character in "<>|\x00" for character in found) else found


def moment(payload: Payload, *path: str) -> datetime | None:
    """The time under the path, in UTC and whole seconds; None when there is none.

    GitHub writes ISO times and epoch seconds; Buildkite's webhooks write `2015-05-09 21:05:59 UTC` and its REST API
    milliseconds, and both must give the same id.
    """
    found = value(payload, *path)
    if isinstance(found, int) and not isinstance(found, bool) and 0 < found < _LATEST:
        return datetime.fromtimestamp(found, UTC)
    if not isinstance(found, str) or len(found) > 40:
        return None
    try:
        time = datetime.fromisoformat(found.replace(" UTC", "+00:00"))
    except ValueError:
        return None
    try:
        return time.astimezone(UTC).replace(microsecond=0) if time.tzinfo else None
    except OverflowError:
        return None


def stamp(time: datetime) -> str:
    """The time as it stands in an event's id: `2026-11-23T06:02:00Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
