"""One statement while it runs: what is noted of it, in the thread that runs it and at the cost of a few assignments."""

import datetime
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from local.warehouse.errors import SqlError
from local.warehouse.names import NOWHERE, Place

from .facts import Change, Changed, Fact
from .query_types import TOUCHING, UNKNOWN, query_type, uses_warehouse
from .warehouses import size_name

if TYPE_CHECKING:
    from local.warehouse.session import Session

logger = logging.getLogger(__name__)

LONGEST_TEXT = 100_000


@dataclass(frozen=True)
class Origin:
    """How a statement came: when its request arrived, and in which larger request."""

    arrived: float | None = None
    internal: bool = False
    root: str | None = None


@contextmanager
def harmless() -> Iterator[None]:
    """Whatever goes wrong with the record is a line in the log and never a failed statement."""
    try:
        yield
    except Exception:
        logger.exception("a statement could not be recorded in full")


@dataclass
class Statement:
    """Times are of `time.perf_counter` and spans in seconds."""

    text: str
    origin: Origin
    session_id: int
    user: str
    query_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    began: float = field(default_factory=time.perf_counter)
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))
    place: Place = NOWHERE
    tag: str = ""
    role: str | None = None
    warehouse: str | None = None
    size: str | None = None
    warehouse_type: str | None = None
    transaction_id: int = 0
    query_type: str = UNKNOWN
    # With the session's variables filled in; what it reads and writes is found in this.
    full_text: str = ""
    touches: bool = False
    queued: float = 0.0
    compiling: float = 0.0
    blocked: float = 0.0
    elapsed: float = 0.0
    facts: list[Fact] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    error: SqlError | None = None
    counts: dict[str, int] = field(default_factory=dict)
    rows: int | None = None
    result_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.origin.arrived is not None:
            waited = self.began - self.origin.arrived
            self.began -= waited
            self.started -= datetime.timedelta(seconds=waited)

    def starts(self, session: "Session") -> None:
        """It is its session's turn: where that stands now is where the statement runs."""
        self.queued = time.perf_counter() - self.began
        self.place = Place(session.database, session.schema)
        self.tag = str(session.parameters.get("QUERY_TAG") or "")
        self.role, self.warehouse = session.role, session.warehouse
        self.transaction_id = session.transaction_id

    def parsed(self, expression: exp.Expr, full_text: str, session: "Session") -> None:
        self.full_text = full_text
        with harmless():
            self.query_type = query_type(expression)
            works = uses_warehouse(self.query_type, expression)
            self.touches = works or self.query_type in TOUCHING
            if works:
                self.works_on(session)

    def works_on(self, session: "Session") -> None:
        if warehouse := session.account.find("WAREHOUSE", self.warehouse):
            self.size = size_name(warehouse.properties)
            self.warehouse_type = str(warehouse.properties.get("WAREHOUSE_TYPE", "STANDARD")).upper()

    @contextmanager
    def compiles(self) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.compiling += time.perf_counter() - begun

    def changed(self, change: Change) -> None:
        """Rows of a table; what an array binding does row by row becomes one change."""
        last = self.changes[-1] if self.changes else None
        if isinstance(change, Changed) and isinstance(last, Changed) and last.name == change.name:
            self.changes[-1] = last.plus(change)
        else:
            self.changes.append(change)

    def succeeds(self, result: pa.Table) -> None:
        self.elapsed = time.perf_counter() - self.began
        self.result_bytes = result.nbytes
        changes = [change for change in self.changes if isinstance(change, Changed)]
        if changes:
            self.counts = {
                "rows_inserted": sum(change.added for change in changes),
                "rows_updated": sum(change.updated for change in changes),
                "rows_deleted": sum(change.removed for change in changes),
            }
        self.rows = sum(self.counts.values()) if changes else result.num_rows

    def fails(self, error: SqlError) -> None:
        self.elapsed = time.perf_counter() - self.began
        self.error = error
        self.facts.clear()
        self.changes.clear()
        if error.message.startswith("SQL compilation error"):
            # It never came to a warehouse.
            self.size = self.warehouse_type = None

    @property
    def status(self) -> str:
        return "FAIL" if self.error else "SUCCESS"

    @property
    def ended(self) -> datetime.datetime:
        return self.started + datetime.timedelta(seconds=self.elapsed)

    def row(self, warehouse_id: int | None) -> dict[str, Any]:
        """A row of `queries`, or of `running` while it has not ended; hashes and what was scanned are added later."""
        running = not self.elapsed
        worked = self.elapsed - self.queued - self.compiling - self.blocked
        return {
            "query_id": self.query_id,
            "root_query_id": self.origin.root,
            "query_text": self.text[:LONGEST_TEXT],
            "query_type": self.query_type,
            "query_tag": self.tag,
            "execution_status": "RUNNING" if running else self.status,
            "error_code": f"{self.error.code:06d}" if self.error else None,
            "error_message": self.error.message.rpartition("\nStatement: ")[0] or self.error.message
            if self.error
            else None,
            "session_id": self.session_id,
            "user_name": self.user,
            "role_name": self.role,
            "database_name": self.place.database,
            "schema_name": self.place.schema,
            "warehouse_id": warehouse_id,
            "warehouse_name": self.warehouse,
            "warehouse_size": self.size,
            "warehouse_type": self.warehouse_type,
            "start_time": self.started,
            "end_time": None if running else self.ended,
            "total_elapsed_time": None if running else _ms(self.elapsed),
            "compilation_time": _ms(self.compiling),
            "execution_time": None if running else _ms(max(0.0, worked)),
            "queued_overload_time": _ms(self.queued),
            "transaction_blocked_time": _ms(self.blocked),
            "rows_produced": self.rows,
            "bytes_written_to_result": self.result_bytes,
            "transaction_id": self.transaction_id,
            "is_client_generated": self.origin.internal,
            **self.counts,
        }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
