"""A job's statistics, made of its attempts' as the platform does.

An incremental stream goes on where the attempt before ended, so attempts add up; a full refresh begins again, so the
last attempt counts alone.
"""

from __future__ import annotations

from local.airbyte.models import Attempt, Json

COUNTS = ("recordsEmitted", "bytesEmitted", "recordsCommitted", "bytesCommitted", "recordsRejected")


def by_stream(attempts: list[Attempt]) -> list[Json]:
    """One entry per stream, over all attempts."""
    found: dict[tuple[str, str | None], Json] = {}
    for attempt in attempts:
        for stream in attempt.streams:
            key = (stream["streamName"], stream["streamNamespace"])
            before = found.get(key) if stream["syncMode"] == "incremental" else None
            counts = {name: stream["stats"].get(name, 0) + (before or {}).get(name, 0) for name in COUNTS}
            found[key] = {"streamName": key[0], "streamNamespace": key[1], **counts}
    return list(found.values())


def totals(attempts: list[Attempt]) -> Json:
    """The sum over all streams."""
    streams = by_stream(attempts)
    return {name: sum(stream[name] for stream in streams) for name in COUNTS}
