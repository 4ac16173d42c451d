"""The workspace's state in one SQLite file, so that a restart or a `kill -9` loses no message that was answered `ok`.

Write-ahead logging with `synchronous=NORMAL`: every committed transaction survives the death of the process.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from local.slack import identity, timestamps

SCHEMA = Path(__file__).with_name("schema.sql")


class Database:
    """The open file, the clock and the revision counter that tells the page what changed."""

    def __init__(self, path: Path | str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;")
        self.connection.executescript(SCHEMA.read_text())
        # A drill may set the server's clock wrong.
        self.clock_skew: Callable[[], float] = lambda: 0.0
        self._seed()

    def _seed(self) -> None:
        with self.transaction():
            for channel in identity.SEED_CHANNELS:
                added = self.connection.execute(
                    "INSERT OR IGNORE INTO channel (channel_id, name, topic, created, is_archived)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (channel.channel_id, channel.name, channel.topic, int(time.time()), channel.is_archived),
                )
                if added.rowcount:
                    self.connection.executemany(
                        "INSERT INTO member VALUES (?, ?)", [(channel.channel_id, member) for member in channel.members]
                    )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One atomic change; a nested one joins the outer."""
        if self.connection.in_transaction:
            yield self.connection
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def now(self) -> int:
        """The workspace's clock, in microseconds since 1970."""
        return int((time.time() + self.clock_skew()) * timestamps.MICROSECONDS)

    def next_revision(self) -> int:
        """A number greater than every one given before."""
        row = self.connection.execute("UPDATE counter SET value = value + 1 WHERE name = 'revision' RETURNING value")
        return int(row.fetchone()[0])

    def revision(self) -> int:
        """The newest number given."""
        return int(self.connection.execute("SELECT value FROM counter WHERE name = 'revision'").fetchone()[0])

    def reset(self) -> None:
        """Forget everything but the seed channels; the revision goes on, so an open page notices."""
        with self.transaction():
            for table in ("reaction", "message", "file", "journal", "member", "channel"):
                self.connection.execute(f"DELETE FROM {table}")
            self.next_revision()
        self._seed()

    def close(self) -> None:
        """Fold the write-ahead log into the file and close it."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()
