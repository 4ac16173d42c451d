"""The world's clock: real time plus a lead, or standing still.

Tests and drills move it forward; it never goes back, because what a reader has seen cannot be unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta


class ClockError(Exception):
    """The clock was asked to go backwards."""


def _real_time() -> datetime:
    return datetime.now(tz=UTC)


@dataclass(frozen=True)
class Clock:
    """An immutable reading rule; changing the clock makes a new one."""

    lead: timedelta = timedelta()
    frozen_at: datetime | None = None
    real_time: Callable[[], datetime] = _real_time

    def now(self) -> datetime:
        return self.frozen_at or self.real_time() + self.lead

    def freeze(self) -> Clock:
        return replace(self, frozen_at=self.now())

    def release(self) -> Clock:
        """Run again: from real time plus the lead, or from where it stood if that is later."""
        if self.frozen_at is None:
            return self
        return replace(self, frozen_at=None, lead=max(self.lead, self.frozen_at - self.real_time()))

    def advance_to(self, moment: datetime) -> Clock:
        """Jump forward; a frozen clock stays frozen at the new moment. Raises ClockError for a moment in its past."""
        now = self.now()
        if moment < now:
            raise ClockError(
                f"The clock only moves forward: {moment.isoformat()} is before its now, {now.isoformat()}."
            )
        if self.frozen_at is not None:
            return replace(self, frozen_at=moment)
        return replace(self, lead=self.lead + (moment - now))
