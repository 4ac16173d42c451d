"""The file of the record: catalog `_history` in the server's DuckDB, written in batches by one thread at a time."""

import datetime
import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from local.warehouse.names import quoted

from .catalog import Version

logger = logging.getLogger(__name__)

CATALOG = "_history"
# Tables whose rows are replaced by their key; to the others rows are only added.
_REPLACED = {"objects": "object_id", "sessions": "session_id"}
_KEPT_BY = {
    "queries": "end_time",
    "accesses": "query_start_time",
    "sizes": "measured_at",
    "dml": "changed_at",
    "copies": "last_load_time",
    "logins": "event_timestamp",
    "sessions": "closed_on",
    "objects": "deleted",
}
_TYPES = {
    "VARCHAR": pa.string(),
    "VARCHAR[]": pa.list_(pa.string()),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "BOOLEAN": pa.bool_(),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}

Row = dict[str, Any]


class Batch(defaultdict[str, list[Row]]):
    """Rows to write, by table."""

    def __init__(self) -> None:
        super().__init__(list)
        self.no_longer_running: list[str] = []


class Store:
    """The tables of `tables.sql`; not safe for several threads at once."""

    def __init__(self, duck: duckdb.DuckDBPyConnection, path: Path, keep_days: int):
        literal = str(path).replace("'", "''")
        duck.execute(f"ATTACH '{literal}' AS {CATALOG}")
        self._duck = duck.cursor()
        self._keep_days = keep_days
        self._duck.execute(f"USE {CATALOG}")
        self._duck.execute(Path(__file__).with_name("tables.sql").read_text())
        self._schemas = {
            name: pa.schema([(row[0], _TYPES[row[1]]) for row in self._duck.execute(f"DESCRIBE {name}").fetchall()])
            for (name,) in self._duck.execute(f"SHOW TABLES FROM {CATALOG}").fetchall()
        }
        self._close_what_a_crash_left()
        self.forget_old()

    def _close_what_a_crash_left(self) -> None:
        """Nobody knows when the server died; nothing was recorded after the last end that was."""
        last = "(SELECT coalesce(max(end_time), '-infinity') FROM queries)"
        self._duck.execute(
            "BEGIN; "
            "INSERT INTO queries BY NAME SELECT * REPLACE ("
            "  'INCIDENT' AS execution_status, '000603' AS error_code,"
            "  'SQL execution internal error: the local warehouse stopped while this statement ran.' AS error_message,"
            f"  greatest(start_time, {last}) AS end_time,"
            f"  date_diff('millisecond', start_time, greatest(start_time, {last})) AS total_elapsed_time"
            ") FROM running; "
            "DELETE FROM running; "
            f"UPDATE sessions SET closed_on = greatest(created_on, {last}), closed_reason = 'INCIDENT' "
            "WHERE closed_on IS NULL; "
            "COMMIT"
        )

    def forget_old(self) -> None:
        """Snowflake keeps 365 days."""
        limit = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=self._keep_days)
        for table, moment in _KEPT_BY.items():
            self._duck.execute(f"DELETE FROM {table} WHERE {moment} < ?", [limit])
        self._duck.execute("DELETE FROM dependencies WHERE object_id NOT IN (SELECT object_id FROM objects)")

    def write(self, batch: Batch) -> None:
        """All of it or nothing."""
        self._duck.begin()
        try:
            if batch.no_longer_running:
                self._duck.execute(
                    "DELETE FROM running WHERE query_id IN (SELECT unnest(?))", [batch.no_longer_running]
                )
            for table, rows in batch.items():
                self._add(table, rows)
        except BaseException:
            self._duck.rollback()
            raise
        self._duck.commit()

    def _add(self, table: str, rows: list[Row]) -> None:
        if key := _REPLACED.get(table):
            # What changed twice since the last batch is written once, as it is now.
            rows = list({row[key]: row for row in rows}.values())
        arrow = pa.Table.from_pylist(rows, schema=self._schemas[table])
        verb = "INSERT OR REPLACE" if table in _REPLACED else "INSERT"
        self._duck.register("batch", arrow)
        self._duck.execute(f"{verb} INTO {table} BY NAME SELECT * FROM batch")
        self._duck.unregister("batch")

    def versions(self) -> Iterable[Version]:
        """The objects that exist as far as the record knows, views with what they read."""
        reads: dict[int, dict[str, frozenset[str] | None]] = defaultdict(dict)
        for view, name, columns in self._duck.execute(
            "SELECT object_id, referenced_name, columns FROM dependencies "
            "WHERE object_id IN (SELECT object_id FROM objects WHERE deleted IS NULL)"
        ).fetchall():
            reads[view][name] = None if columns is None else frozenset(columns)
        for row in self._rows("SELECT * FROM objects WHERE deleted IS NULL"):
            database, schema = row.pop("database_name"), row.pop("schema_name")
            parts = {"DATABASE": [database], "SCHEMA": [database, schema]}.get(
                row["kind"], [database, schema, row["name"]]
            )
            yield Version(**row | {"name": ".".join(parts)}, reads=reads.get(row["object_id"]))

    def warehouses(self) -> dict[str, Row]:
        """The last known settings of the warehouses that exist, by name."""
        found = self._rows(
            "SELECT * FROM warehouse_changes QUALIFY row_number() OVER "
            "(PARTITION BY warehouse_id ORDER BY changed_at DESC, rowid DESC) = 1 AND event <> 'DROP'"
        )
        return {row["warehouse_name"]: row for row in found}

    def _rows(self, sql: str) -> list[Row]:
        result = self._duck.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    def columns(self, name: str) -> tuple[str, ...] | None:
        """The columns a table or view has now; None when it is gone."""
        try:
            return tuple(row[0] for row in self._duck.execute(f"DESCRIBE {quoted(name)}").fetchall())
        except duckdb.Error:
            return None

    def close(self) -> None:
        self._duck.close()
