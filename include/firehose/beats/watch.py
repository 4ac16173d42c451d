"""The watch: once a minute it reads what came, and says what should have come and has not.

Everything it knows is in the outbox's tables and is changed in one transaction with the events it writes, so it may be
stopped anywhere, started anew, or run twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from sqlalchemy import Connection, Engine, text

from include.firehose.beats import heard, store
from include.firehose.beats.judge import Surroundings, step
from include.firehose.beats.series import Schedule, Schedules, SchedulesUnknown, Series
from include.firehose.event import Road
from include.firehose.outbox import store as store_events
from include.firehose.silences import Silences
from include.firehose.watermarks import move_watermark, watermark

log = logging.getLogger(__name__)

# After a longer pause between two rounds nobody knows what would have come meanwhile.
LONGEST_PAUSE = timedelta(minutes=15)
OUTBOX = "outbox"
_READ, _ROUND = "beats:read", "beats:round"
# Any constant will do, as long as nothing else in this database uses it.
_LOCK = 4_708_205


@dataclass
class BeatWatch:
    """Watches the series that `schedules` know, and those that the outbox shows to happen at a steady rate.

    `silences` answers which are declared now; it is asked in every round.
    """

    outbox: Engine
    schedules: Sequence[Schedules]
    silences: Callable[[], Silences] = Silences
    timezone: tzinfo = UTC

    def round(self, now: datetime) -> int:
        """Judge what is known at `now`; returns how many events were written.

        A round while another process is in one does nothing. Raises ValueError for a naive time.
        """
        if now.tzinfo is None:
            raise ValueError("The time of a round has no time zone: pass an aware datetime.")
        now = now.astimezone(UTC)
        # Asked before the transaction begins: nobody else's answer may hold it open.
        known = self._known(now)
        with self.outbox.begin() as connection:
            if not connection.scalar(text("select pg_try_advisory_xact_lock(:key)"), {"key": _LOCK}):
                return 0
            return self._judged(connection, known, now)

    def _known(self, now: datetime) -> list[tuple[str, Sequence[Schedule]]]:
        """What each source knows; one that cannot be asked is left out, and its last word holds."""
        known: list[tuple[str, Sequence[Schedule]]] = []
        for one in self.schedules:
            try:
                known.append((one.source, one.schedules(now)))
            except SchedulesUnknown as error:
                log.warning("The last known schedules of %s are used: %s", one.source, error)
        return known

    def _judged(self, connection: Connection, known: list[tuple[str, Sequence[Schedule]]], now: datetime) -> int:
        book = store.load(connection)
        last = watermark(connection, _ROUND)
        for source, schedules in known:
            book.declare(source, schedules, now)
        if last is None or last.replace(minute=0, second=0, microsecond=0) <= now - timedelta(hours=1):
            book.declare(OUTBOX, heard.rated(connection, now, self.timezone), now)
        arrivals, read_until = heard.arrivals(connection, watermark(connection, _READ), now)
        asleep = last is None or now - last > LONGEST_PAUSE
        around = Surroundings(
            outages=heard.outages(connection, now),
            silence=lambda series: self._silence(series, now),
            resumed_at=now if asleep else None,
        )
        events = step(book, now, arrivals, around, history=last is None)
        store.save(connection, book, now)
        store_events(connection, events, Road.WATCH)
        move_watermark(connection, _ROUND, now)
        if read_until is not None:
            move_watermark(connection, _READ, read_until)
        return len(events)

    def _silence(self, series: Series, now: datetime) -> str:
        silence = self.silences().of(series.schedule.series, now.astimezone(self.timezone).date())
        return str(silence) if silence else ""
