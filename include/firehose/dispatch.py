"""The dispatcher: the only process that talks to Slack.

It takes the lease, replays the spool, composes what is new, makes one call, writes down its outcome, and begins again.
One thread and one call at a time, because Slack takes about one message a second anyway and order is then free.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError

from include.firehose import database, deliveries, spool
from include.firehose.compose import Composer
from include.firehose.event import Event, Road
from include.firehose.lease import Lease
from include.firehose.outbox import store
from include.firehose.slack import Fate, Outcome, Slack
from include.firehose.vitals import STOPPED

log = logging.getLogger(__name__)

# Polled rather than LISTEN/NOTIFY: a notification takes a lock that all commits of the database share, in the task's
# own time, and Slack's pace hides half a second.
IDLE_SECONDS = 0.5
BUSY_SECONDS = 0.1
DATABASE_AWAY_SECONDS = 2.0


@dataclass
class Dispatcher:
    """The loop, and the few things it remembers between rounds."""

    outbox: Engine
    slack: Slack
    composer: Composer
    spool_path: Path
    lease: Lease = field(default_factory=Lease)
    stopping: threading.Event = field(default_factory=threading.Event)
    _holding: bool = False
    _trouble: str | None = None
    _failures: int = 0

    def run(self) -> None:
        """Work until `stopping` is set; a database that is away is waited for."""
        migrated = False
        while not self.stopping.is_set():
            try:
                if not migrated:
                    database.migrate(self.outbox)
                    migrated = True
                pause = self.round()
            except (OperationalError, InterfaceError) as error:
                self._holding = False
                reason = str(getattr(error, "orig", None) or error).strip().splitlines()
                log.warning("The outbox's database does not answer, trying again: %s", reason[0] if reason else error)
                pause = DATABASE_AWAY_SECONDS
            self.stopping.wait(pause)
        self._release()

    def round(self) -> float:
        """One round; returns how many seconds may pass before the next."""
        with self.outbox.begin() as connection:
            if not self._hold(connection):
                return IDLE_SECONDS
        self._replay()
        composed = self.composer.compose()
        acted = self._resolve_one() or self._send_one()
        return BUSY_SECONDS if composed or acted else IDLE_SECONDS

    def _hold(self, connection: Connection) -> bool:
        """Take or renew the lease; on taking it, judge what the former holder left."""
        held = self._holding
        self._holding = self.lease.take(connection)
        if self._holding and not held:
            log.info("This process (%s) is the dispatcher now.", self.lease.holder)
            if left := deliveries.adopt(connection):
                log.info("%d calls were left unfinished by the last dispatcher.", left)
        elif held and not self._holding:
            log.warning("Another process has taken the lease; waiting.")
        return self._holding

    def _replay(self) -> None:
        try:
            count = spool.replay(self.spool_path, self._store)
        except OSError as error:
            log.warning("The spool %s cannot be replayed: %s", self.spool_path, error)
            return
        if count:
            log.info("%d events came back from the spool.", count)

    def _store(self, events: Sequence[Event]) -> None:
        with self.outbox.begin() as connection:
            store(connection, events, Road.CALLBACK)

    def _resolve_one(self) -> bool:
        """Find out about one post whose answer was lost; whether there was one."""
        with self.outbox.begin() as connection:
            lost = deliveries.next_unknown(connection) if self._hold(connection) else None
        if lost is None:
            return False
        oldest = lost.first_attempt_at.timestamp() - deliveries.CLOCK_SKEW_SECONDS
        thread = lost.parent_ts if lost.op == "reply" else ""
        outcome = self.slack.find(lost.channel_id, lost.delivery_id, oldest=oldest, thread_ts=thread)
        if outcome.fate is Fate.GONE:
            self.slack.take_back(lost.channel_id, lost.delivery_id, oldest=oldest)
        log.info("Looked for the post of %s: %s", lost.subject_key, outcome.error or outcome.fate.value)
        with self.outbox.begin() as connection:
            deliveries.record_search(connection, lost, outcome)
        return True

    def _send_one(self) -> bool:
        """Make one call, if one may be made; whether there was one."""
        with self.outbox.begin() as connection:
            made = deliveries.claim(connection) if self._hold(connection) else None
        if made is None:
            return False
        outcome = self._call(made)
        self._failures = self._failures + 1 if outcome.fate in (Fate.NOT_SENT, Fate.UNKNOWN) else 0
        with self.outbox.begin() as connection:
            deliveries.record(connection, made, outcome, failures=self._failures)
            self._tell(connection, outcome)
        level = logging.INFO if outcome.fate is Fate.SENT else logging.WARNING
        log.log(level, "%s of %s: %s %s", made.op, made.subject_key, outcome.fate.value, outcome.error)
        return True

    def _call(self, made: deliveries.Claim) -> Outcome:
        if made.op == "post":
            return self.slack.post(made.channel_id, made.delivery_id, made.content())
        if made.op == "reply":
            return self.slack.reply(made.channel_id, made.parent_ts, made.delivery_id, made.content())
        return self.slack.update(made.channel_id, made.parent_ts, made.content())

    def _tell(self, connection: Connection, outcome: Outcome) -> None:
        """Keep one sentence beside the lease while something keeps messages from being sent."""
        trouble = None
        if outcome.fate is Fate.STOPPED:
            trouble = f"{STOPPED}{outcome.error}: mend the token, its scopes or the channel."
        elif outcome.fate in (Fate.NOT_SENT, Fate.UNKNOWN):
            trouble = outcome.error or None
        if trouble != self._trouble:
            self._trouble = trouble
            self.lease.tell(connection, trouble)

    def _release(self) -> None:
        if not self._holding:
            return
        try:
            with self.outbox.begin() as connection:
                self.lease.release(connection)
        except SQLAlchemyError:
            log.info("The lease could not be released, it ends by itself.")
