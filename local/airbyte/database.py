"""The SQLite file behind everything the server keeps; it survives kill -9.

Jobs run in threads beside the API, so one connection is shared behind a lock: every call is short, and SQLite's
write-ahead log keeps what was committed when the process is killed.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS actors (id TEXT PRIMARY KEY, kind TEXT NOT NULL, created_at INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS catalogs (source_id TEXT PRIMARY KEY, discovered_at REAL NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS connections (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, body TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS jobs (id INTEGER PRIMARY KEY AUTOINCREMENT, connection_id TEXT NOT NULL, type TEXT NOT NULL,
    status TEXT NOT NULL, created_at REAL NOT NULL, updated_at REAL NOT NULL, started_at REAL);
CREATE INDEX IF NOT EXISTS jobs_by_connection ON jobs (connection_id, status);
CREATE TABLE IF NOT EXISTS attempts (job_id INTEGER NOT NULL, number INTEGER NOT NULL, status TEXT NOT NULL,
    created_at REAL NOT NULL, updated_at REAL NOT NULL, ended_at REAL, failures TEXT NOT NULL, streams TEXT NOT NULL,
    PRIMARY KEY (job_id, number));
CREATE TABLE IF NOT EXISTS states (connection_id TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    body TEXT NOT NULL, PRIMARY KEY (connection_id, namespace, name));
CREATE TABLE IF NOT EXISTS generations (connection_id TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
    generation INTEGER NOT NULL, PRIMARY KEY (connection_id, namespace, name));
"""


class Database:
    """The file, its tables, and transactions over several calls."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        # It holds the secrets of sources and destinations.
        path.chmod(0o600)
        self._connection.row_factory = sqlite3.Row
        self._connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def run(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def insert(self, sql: str, parameters: Sequence[Any]) -> int:
        """Run an INSERT and return the new row's id."""
        with self._lock:
            return int(self._connection.execute(sql, parameters).lastrowid or 0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several writes that are kept together or not at all, and that no other thread comes between."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
