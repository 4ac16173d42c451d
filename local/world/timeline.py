"""Where the data's year lies on the calendar, and how it repeats.

Inside the package all moments are *data seconds*: seconds since 1970 on the calendar of the data, 2017. Only the
columns that leave it are shifted by the offset. The offset is whole weeks, so weekdays and UTC midnights stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAY = 86_400
WEEK = 7 * DAY
CYCLE_SECONDS = 52 * WEEK
CYCLE_ID_STEP = 10**12

# The first start falls into the data's second week of December: a few weeks of the year are left to come.
FIRST_START_EARLIEST = int(datetime(2017, 12, 10, tzinfo=UTC).timestamp())
DATA_FIRST_DAY = int(datetime(2017, 1, 1, tzinfo=UTC).timestamp())

NEVER = 2**60
AGES_AGO = -NEVER


@dataclass(frozen=True)
class Timeline:
    """The shift of one installation and the first moment it shows, in data seconds."""

    offset: int
    history_start: int

    @classmethod
    def starting(cls, first_start: datetime, days: int) -> Timeline:
        """The timeline of a world first started at `first_start` that shows `days` days of history."""
        seconds = int(first_start.timestamp())
        offset = (seconds - FIRST_START_EARLIEST) // WEEK * WEEK
        midnight = (seconds - offset - days * DAY) // DAY * DAY
        return cls(offset=offset, history_start=max(midnight, DATA_FIRST_DAY))

    def data_seconds(self, moment: datetime) -> int:
        """The data second a moment of the world falls into."""
        return int(moment.timestamp() // 1) - self.offset

    def moment(self, data_seconds: int) -> datetime:
        """The moment of the world at which a data second begins."""
        return datetime.fromtimestamp(0, tz=UTC) + timedelta(seconds=data_seconds + self.offset)
