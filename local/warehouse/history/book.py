"""Works notes into rows: which rows of `tables.sql` a statement, login or session leaves behind.

Used by one thread at a time; `recorder` sees to that.
"""

import datetime
from collections.abc import Iterable, Mapping

import duckdb

from local.warehouse.account import Thing
from local.warehouse.names import NOWHERE, Place

from . import presence, warehouses
from .catalog import Catalog, Cause
from .facts import Change, Changed, Created, Definition, Dropped, Fact, Loaded, WarehouseChanged
from .fingerprints import fingerprints
from .identities import next_identity
from .logins import Login, Refusal
from .presence import Size
from .reading import Reader
from .statement import Statement
from .store import Batch, Row, Store

_COPIED = {
    "status": "status",
    "row_count": "rows_loaded",
    "row_parsed": "rows_parsed",
    "error_count": "errors_seen",
    "error_limit": "error_limit",
    "first_error_message": "first_error",
    "first_error_line_number": "first_error_line",
    "first_error_character_position": "first_error_character",
    "first_error_column_name": "first_error_column_name",
}


class Book:
    """The state behind the rows, and the rows that are still to be written."""

    def __init__(self, store: Store):
        self._catalog = Catalog()
        self._catalog.load(store.versions())
        self._reader = Reader(self._catalog, store.columns)
        self._warehouses = store.warehouses()
        self._sessions: dict[int, Row] = {}
        self._batch = Batch()
        # Tables to measure after the next checkpoint.
        self.touched: set[str] = set()
        # Statements that were written down as running.
        self.running: set[str] = set()

    def take(self) -> Batch:
        """The rows since last time."""
        batch, self._batch = self._batch, Batch()
        changed, self._catalog.changed = self._catalog.changed, {}
        if changed:
            batch["objects"] = [version.row() for version in changed.values()]
        return batch

    def statement(self, statement: Statement) -> None:
        """A statement that has ended. What it changed in an open transaction comes later, by `changes`."""
        row = statement.row(self._warehouse_id(statement))
        row["query_hash"], row["query_parameterized_hash"] = fingerprints(row["query_text"])
        cause = cause_of(statement)
        reads = None
        if statement.touches and not statement.error:
            reads = self._reader.reads(statement.full_text, statement.place)
            row |= self._reader.scanned(reads)
            self._access(statement, self._reader.rows(reads))
        for fact in statement.facts:
            self.fact(fact, cause, statement.place)
        if reads:
            self._access(statement, self._reader.modified(reads))
        self._batch["queries"].append(row)
        if statement.query_id in self.running:
            self.running.discard(statement.query_id)
            self._batch.no_longer_running.append(statement.query_id)

    def runs(self, statement: Statement) -> None:
        """A statement that has not ended yet."""
        self.running.add(statement.query_id)
        self._batch["running"].append(statement.row(self._warehouse_id(statement)))

    def _warehouse_id(self, statement: Statement) -> int | None:
        known = self._warehouses.get(statement.warehouse or "")
        return known["warehouse_id"] if known else None

    def _access(self, statement: Statement, rows: Iterable[Row]) -> None:
        of = {
            "query_id": statement.query_id,
            "query_start_time": statement.started,
            "user_name": statement.user,
        }
        self._batch["accesses"] += [of | row for row in rows]

    def fact(self, fact: Fact, cause: Cause, place: Place) -> None:
        if isinstance(fact, WarehouseChanged):
            self._warehouse(fact, cause)
        elif isinstance(fact, Changed | Loaded):
            self.change(fact, cause)
        else:
            self._define(fact, cause, place)

    def _define(self, fact: Definition, cause: Cause, place: Place) -> None:
        self._catalog.apply(fact, cause)
        if isinstance(fact, Created) and fact.definition and (view := self._catalog.find(fact.name)):
            view.reads = self._reader.direct(fact.definition, place)
            for name, columns in view.reads.items():
                read = self._catalog.find(name)
                self._batch["dependencies"].append(
                    {
                        "object_id": view.object_id,
                        "referenced_name": name,
                        "referenced_domain": read.kind if read else "TABLE",
                        "referenced_id": read.object_id if read else None,
                        "columns": None if columns is None else sorted(columns),
                    }
                )

    def change(self, change: Change, cause: Cause) -> None:
        """Rows of a table, once they are committed."""
        version = self._catalog.find(change.name)
        of = {
            "query_id": cause.query_id,
            "object_id": version.object_id if version else None,
            "object_name": change.name,
        }
        if isinstance(change, Loaded):
            row = {column: change.result[reported] for column, reported in _COPIED.items()}
            about = {
                "session_id": cause.session_id,
                "user_name": cause.user,
                "file_name": change.result["file"],
                "stage_location": change.stage_location,
                "last_load_time": cause.at,
                "file_size": change.file_size,
            }
            self._batch["copies"].append(of | about | row)
            return
        self._catalog.apply(change, cause)
        self.touched.add(change.name)
        counts = {"rows_added": change.added, "rows_removed": change.removed, "rows_updated": change.updated}
        if any(counts.values()):
            self._batch["dml"].append(of | counts | {"changed_at": cause.at})

    def changes(self, statements: Iterable[Statement]) -> None:
        """What statements changed in a transaction that has been committed."""
        for statement in statements:
            for change in statement.changes:
                self.change(change, cause_of(statement))

    def _warehouse(self, fact: WarehouseChanged, cause: Cause) -> None:
        known = self._warehouses.pop(fact.previous_name or fact.name, None)
        by = {"changed_at": cause.at, "user_name": cause.user, "role_name": cause.role, "query_id": cause.query_id}
        if known and fact.event == "CREATE":
            self._batch["warehouse_changes"].append(known | by | {"event": "DROP"})
            known = None
        row = {
            "warehouse_id": known["warehouse_id"] if known else next_identity(),
            "warehouse_name": fact.name,
            "event": fact.event,
            **warehouses.settings(fact.properties),
            **by,
        }
        self._batch["warehouse_changes"].append(row)
        if fact.event != "DROP":
            self._warehouses[fact.name] = row

    def login(self, login: Login, refusal: Refusal | None) -> None:
        self._batch["logins"].append(login.row(refusal))

    def session_opened(self, login: Login, session_id: int) -> None:
        self._sessions[session_id] = row = login.session_row(session_id)
        self._batch["sessions"].append(row)

    def session_closed(self, session_id: int, reason: str, at: datetime.datetime) -> None:
        if row := self._sessions.pop(session_id, None):
            self._batch["sessions"].append(row | {"closed_on": at, "closed_reason": reason})

    def measured(self, name: str, size: Size, at: datetime.datetime) -> None:
        version = self._catalog.find(name)
        # One that has changed since is measured again.
        if version and name not in self.touched and self._catalog.measured(version, size.rows, size.bytes):
            row = {"object_id": version.object_id, "measured_at": at, "row_count": size.rows, "bytes": size.bytes}
            self._batch["sizes"].append(row)

    def compare(
        self, duck: duckdb.DuckDBPyConnection, databases: Iterable[str], known_warehouses: Mapping[str, Thing]
    ) -> None:
        """At the start: make the record agree with what is there, and date what it missed with now."""
        now = Cause(datetime.datetime.now(datetime.UTC))
        self._compare_objects(duck, databases, now)
        for name in set(self._warehouses) - set(known_warehouses):
            self._warehouse(WarehouseChanged("DROP", name, {}), now)
        for name, thing in known_warehouses.items():
            known = self._warehouses.get(name)
            if known is None:
                made = Cause(datetime.datetime.fromisoformat(thing.created_on))
                self._warehouse(WarehouseChanged("CREATE", name, thing.properties), made)
            elif any(known[key] != value for key, value in warehouses.settings(thing.properties).items()):
                self._warehouse(WarehouseChanged("ALTER", name, thing.properties), now)

    def _compare_objects(self, duck: duckdb.DuckDBPyConnection, databases: Iterable[str], now: Cause) -> None:
        there = set()
        for created, rows in presence.present(duck, databases):
            there.add(created.name.upper())
            known = self._catalog.find(created.name)
            if known is None or known.kind != created.kind:
                self._define(
                    Created(**vars(created) | {"replace": True}),
                    now,
                    Place(*created.name.split(".")[:2]) if created.definition else NOWHERE,
                )
            version = self._catalog.find(created.name)
            if version and rows is not None and version.row_count != rows:
                version.row_count = presence.count(duck, created.name)
                self._catalog.changed[version.object_id] = version
                self.touched.add(created.name)
        for version in self._catalog:
            if version.name.upper() not in there:
                self._define(Dropped(version.name), now, NOWHERE)


def cause_of(statement: Statement) -> Cause:
    return Cause(statement.ended, statement.user, statement.role, statement.query_id, statement.session_id)
