"""Takes notes from all sessions and has one thread at a time work them into the record.

A note is a piece of work to be done later, in order. A thread does it a few times a second; whoever is about to read
the record does it before. A kill loses what has not been worked in: a fraction of a second.
"""

import datetime
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from local.warehouse.names import NOWHERE

from . import presence
from .book import Book
from .catalog import Cause
from .facts import Definition
from .logins import Login, Refusal
from .statement import Origin, Statement, harmless
from .store import Store

if TYPE_CHECKING:
    from local.warehouse.account import Account
    from local.warehouse.session import Session

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.25
FORGET_SECONDS = 24 * 3600.0


class History:
    """The record of one server; every method may be called from any thread."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, path: Path, *, keep_days: int):
        self._store = Store(duck, path, keep_days)
        self._duck = duck.cursor()
        self._book = Book(self._store)
        self._notes: deque[Callable[[], None]] = deque()
        self._running: dict[str, Statement] = {}
        self._working = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep_writing, name="history", daemon=True)

    def start(self, databases: Iterable[str], account: "Account") -> None:
        """Once everything is attached."""
        self._book.compare(self._duck, databases, account.things["WAREHOUSE"])
        self.flush()
        self._thread.start()

    def begin(self, session: "Session", text: str, origin: Origin) -> Statement:
        statement = Statement(text, origin, session.identity, session.user)
        self._running[statement.query_id] = statement
        return statement

    def end(self, statement: Statement, session: "Session") -> None:
        """A statement has succeeded or failed; what it changed is kept back while its transaction is open."""
        # It may have begun one.
        statement.transaction_id = statement.transaction_id or session.transaction_id
        self._running.pop(statement.query_id, None)
        self._notes.append(partial(self._book.statement, statement))
        if statement.changes and session.in_transaction:
            session.uncommitted.append(statement)
        elif statement.changes:
            self.committed([statement])

    def committed(self, statements: list[Statement]) -> None:
        self._notes.append(partial(self._book.changes, statements))

    def note(self, fact: Definition) -> None:
        """What happened outside of any statement, such as the end of a temporary table."""
        now = Cause(datetime.datetime.now(datetime.UTC))
        self._notes.append(partial(self._book.fact, fact, now, NOWHERE))

    def login(self, login: Login, refusal: Refusal | None = None) -> None:
        self._notes.append(partial(self._book.login, login, refusal))

    def session_opened(self, login: Login, session_id: int) -> None:
        self._notes.append(partial(self._book.session_opened, login, session_id))

    def session_closed(self, session_id: int, reason: str) -> None:
        at = datetime.datetime.now(datetime.UTC)
        self._notes.append(partial(self._book.session_closed, session_id, reason, at))

    def flush(self) -> None:
        """Work in every note there is; afterwards the record shows all that has happened and what runs."""
        with self._working, harmless():
            self._work()

    def _work(self) -> None:
        while self._notes:
            note = self._notes.popleft()
            with harmless():
                note()
        for statement in list(self._running.values()):
            if statement.query_id not in self._book.running:
                self._book.runs(statement)
        if batch := self._book.take():
            self._store.write(batch)

    def measure(self) -> None:
        """How big the tables are that changed since last time; DuckDB knows after a checkpoint."""
        with self._working:
            touched, self._book.touched = self._book.touched, set()
        at = datetime.datetime.now(datetime.UTC)
        with self._duck.cursor() as cursor:
            for name in touched:
                if size := presence.size(cursor, name):
                    self._notes.append(partial(self._book.measured, name, size, at))

    def _keep_writing(self) -> None:
        forgotten = time.monotonic()
        while not self._stopping.wait(WRITE_SECONDS):
            self.flush()
            if time.monotonic() - forgotten > FORGET_SECONDS:
                forgotten = time.monotonic()
                with self._working, harmless():
                    self._store.forget_old()

    def close(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()
        self._store.close()
