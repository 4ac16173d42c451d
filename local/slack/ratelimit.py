"""Slack's rate limits as token buckets, one per token and method, and per channel where Slack counts by channel."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """`burst` calls at once, refilled at `per_minute`."""

    per_minute: float
    burst: int
    by_channel: bool = False


# docs.slack.dev names the tiers by "N+ per minute"; posting is one a second and channel, with short bursts tolerated.
# The size of that burst is undisclosed (25 to 40 by folklore); ours is smaller, so what is calm here is calm there.
TIER_2 = Limit(20, 20)
TIER_3 = Limit(50, 50)
TIER_4 = Limit(100, 100)
HUNDREDS = Limit(600, 200)
POST = Limit(60, 10, by_channel=True)


class RateLimiter:
    """The buckets of every caller. In memory: Slack forgets them within a minute too."""

    def __init__(self, *, enabled: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def take(self, token: str, method: str, channel: str, limit: Limit) -> int | None:
        """Take one call from the bucket: None when it was there, else the whole seconds to wait."""
        if not self.enabled:
            return None
        key = (token, method, channel if limit.by_channel else "")
        now, rate = self._clock(), limit.per_minute / 60
        level, at = self._buckets.get(key, (float(limit.burst), now))
        level = min(float(limit.burst), level + (now - at) * rate)
        allowed = level >= 1
        self._buckets[key] = (level - 1 if allowed else level, now)
        return None if allowed else max(1, math.ceil((1 - level) / rate))

    def clear(self) -> None:
        """Fill every bucket."""
        self._buckets.clear()
