"""How fast Slack may be called, and how long it says to wait. Pure.

Slack takes about one message per second and channel, and 50 edits per minute and app. Both are kept below, with one
number per method that survives a restart: the instant before which the next call may not go out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

DEFAULT_WAIT_SECONDS = 30.0
SHORTEST_WAIT_SECONDS = 1.0
# A header that says more is wrong, and a dispatcher that believes it is silent for a day.
LONGEST_WAIT_SECONDS = 900.0


@dataclass(frozen=True)
class Pace:
    """One call each `seconds`, and after a rest up to `burst` calls at once."""

    seconds: float
    burst: int = 1

    def ready_at(self, next_at: datetime) -> datetime:
        """When the next call may go out."""
        return next_at - timedelta(seconds=self.seconds * (self.burst - 1))

    def after_call(self, next_at: datetime, now: datetime) -> datetime:
        """The new `next_at`, once a call has gone out at `now`.

        The generic cell rate algorithm (ITU-T I.371): a token bucket kept as one instant.
        """
        return max(next_at, now) + timedelta(seconds=self.seconds)


PACES: Mapping[str, Pace] = {
    "chat.postMessage": Pace(1.1),
    # 40 per minute on average and never more than 45 in one, of the 50 that Slack grants.
    "chat.update": Pace(1.5, burst=5),
    "conversations.history": Pace(1.5, burst=5),
    "conversations.replies": Pace(1.5, burst=5),
}


def retry_after(headers: Mapping[str, Any], body: Any, *, now: datetime | None = None) -> float:
    """Seconds to wait after a 429, whatever shape Slack (or a proxy before it) gave the answer.

    Seen: an integer, a fraction, a word, an HTTP date, a negative number, nothing at all, and the number in the body.
    """
    lowered = {str(name).lower(): value for name, value in headers.items()}
    candidates = [lowered.get("retry-after")]
    if isinstance(body, Mapping):
        candidates.append(body.get("retry_after"))
    for candidate in candidates:
        seconds = _seconds(candidate, now or datetime.now(UTC))
        if seconds is not None:
            return min(max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
    return DEFAULT_WAIT_SECONDS


def _seconds(value: Any, now: datetime) -> float | None:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else None
    if value is None or isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return _until(str(value), now)
    return number if math.isfinite(number) and number >= 0 else None


def _until(date: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(date)
    except (TypeError, ValueError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - now).total_seconds()
