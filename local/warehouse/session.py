"""One client's session: where it stands, what it set, and its DuckDB connection.

Transactions are kept here rather than in fakesnow because DuckDB aborts a whole transaction when one statement fails,
where Snowflake carries on, and because DDL commits in Snowflake and not in DuckDB.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Any

import duckdb
from fakesnow.conn import FakeSnowflakeConnection

from .account import DEFAULT_ROLE, SESSION_PARAMETERS
from .history.facts import Definition, WarehouseChanged
from .history.identities import next_identity
from .history.logins import DISABLED, INCORRECT, Login, Refusal
from .history.statement import Statement
from .storage import Storage


@dataclass
class Client:
    """Who logged in, with what."""

    user: str
    role: str | None = None
    warehouse: str | None = None
    database: str | None = None
    schema: str | None = None
    application: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


class Session(FakeSnowflakeConnection):
    """fakesnow's connection with Snowflake's session state; used by one request at a time."""

    def __init__(self, identity: int, storage: Storage, client: Client):
        super().__init__(
            storage.cursor(),
            storage.results,
            client.database,
            # A database alone means its PUBLIC schema.
            client.schema or (client.database and "PUBLIC"),
            create_database=False,
            create_schema=False,
            db_path=storage.directory,
        )
        if not self.schema_set:
            self._schema = None
        if not self.database_set:
            self.database = None
        self.identity = identity
        self.storage = storage
        self.account = storage.account
        self.user = client.user
        self.application = client.application
        known = self.account.find("USER", client.user)
        defaults = known.properties if known else {}
        self.role: str = client.role or defaults.get("DEFAULT_ROLE") or DEFAULT_ROLE
        self.warehouse: str | None = client.warehouse or defaults.get("DEFAULT_WAREHOUSE")
        self.parameters = {name: defaults[name] for name in SESSION_PARAMETERS if name in defaults}
        self.parameters |= {name.upper(): value for name, value in client.parameters.items()}
        self.autocommit_enabled = str(self.parameters.get("AUTOCOMMIT", True)).lower() != "false"
        self.in_transaction = False
        self.transaction_id = 0
        # The statement that runs, and those whose changes wait for the commit.
        self.statement: Statement | None = None
        self.uncommitted: list[Statement] = []
        self.last_query_id: str | None = None
        self.temporary: dict[str, str] = {}
        self.lock = threading.Lock()
        self.last_used = time.monotonic()

    @property
    def duck(self) -> duckdb.DuckDBPyConnection:
        return self._duck_conn

    def begin(self) -> None:
        if not self.in_transaction:
            self.duck.begin()
            self.in_transaction = True
            self.transaction_id = next_identity()

    def commit(self) -> None:
        if self.in_transaction:
            self.in_transaction, self.transaction_id = False, 0
            changed, self.uncommitted = self.uncommitted, []
            self.duck.commit()
            if changed:
                self.storage.history.committed(changed)

    def rollback(self) -> None:
        if self.in_transaction:
            self.in_transaction, self.transaction_id = False, 0
            self.uncommitted = []
            self.duck.rollback()

    @property
    def statement_text(self) -> str:
        return self.statement.full_text if self.statement else ""

    def note(self, fact: Definition | WarehouseChanged) -> None:
        """Have the record know what the running statement has done."""
        if self.statement:
            self.statement.facts.append(fact)

    def stand_in(self, database: str | None, schema: str | None) -> None:
        """Make a database and schema current, in DuckDB too."""
        target = f"{database}.{schema or 'main'}" if database else "memory.main"
        self.duck.execute(f"SET schema = '{target}'")
        self.database, self.database_set = database, database is not None
        self._schema, self.schema_set = schema, schema is not None

    def end(self, reason: str) -> None:
        """Roll back what is open and drop the session's temporary objects."""
        with self.lock:
            try:
                self.rollback()
            finally:
                self.duck.close()
        for name, kind in self.temporary.items():
            self.storage.drop_temporary(name, kind)
        self.storage.history.session_closed(self.identity, reason)


class Sessions:
    """The open sessions by token."""

    IDLE_SECONDS = 4 * 3600

    def __init__(self, storage: Storage):
        self.storage = storage
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()

    def refusal(self, login: Login) -> Refusal | None:
        """Why this login is not let in: every password and key is right, but a user may be disabled or not named."""
        user = self.storage.account.find("USER", login.user)
        if not login.user:
            refusal = INCORRECT
        elif user and str(user.properties.get("DISABLED", False)).upper() == "TRUE":
            refusal = DISABLED
        else:
            return None
        self.storage.history.login(login, refusal)
        return refusal

    def open(self, token: str, client: Client, login: Login) -> Session:
        session = Session(next_identity(), self.storage, client)
        self.storage.history.login(login)
        self.storage.history.session_opened(login, session.identity)
        self._close_idle()
        with self._lock:
            self._sessions[token] = session
        return session

    def find(self, token: str) -> Session | None:
        session = self._sessions.get(token)
        if session:
            session.last_used = time.monotonic()
        return session

    def by_identity(self, identity: int) -> Session | None:
        return next((s for s in list(self._sessions.values()) if s.identity == identity), None)

    def close(self, token: str, reason: str = "LOGOUT") -> None:
        with self._lock:
            session = self._sessions.pop(token, None)
        if session:
            session.end(reason)

    def close_all(self) -> None:
        for session in list(self._sessions.values()):
            session.duck.interrupt()
        for token in list(self._sessions):
            self.close(token, "SHUTDOWN")

    def _close_idle(self) -> None:
        """A client that was killed never logs out; Snowflake ends its session after four idle hours."""
        limit = time.monotonic() - self.IDLE_SECONDS
        for token, session in list(self._sessions.items()):
            if session.last_used < limit:
                self.close(token, "IDLE")
