"""The world's PostgreSQL database: the first load, the ticks and what a restart must remember.

Both kinds of writing are one transaction each that also moves `world.meta.last_tick`. So a crash at any point leaves
either the state before or the state after, and the next start goes on from there.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.csv
from psycopg import sql
from psycopg.rows import class_row

from local.world.state import TableChanges
from local.world.timeline import AGES_AGO

LAYOUT = 1
_SQL = Path(__file__).parent / "sql"
_LOCK = 0x776F726C64  # "world"


class StoreError(Exception):
    """The database cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Meta:
    """The one row of world.meta."""

    layout: int
    seed: int
    days: int
    offset_seconds: int
    history_start: datetime
    last_tick: datetime
    clock_lead: timedelta
    frozen_at: datetime | None


_META = [field.name for field in fields(Meta)]


def connect(dsn: str, patience: float = 60) -> psycopg.Connection:
    """Connect, waiting for a server that is still starting."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return psycopg.connect(dsn, autocommit=True, connect_timeout=5, application_name="world")
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline:
                reason = str(error).strip().splitlines()[-1]
                raise StoreError(
                    f"The storefront database does not answer ({reason}); start PostgreSQL or correct --dsn."
                ) from error
            time.sleep(0.3)


def read_meta(connection: psycopg.Connection) -> Meta | None:
    """What the database remembers; None before the first load."""
    if connection.execute("select to_regclass('world.meta')").fetchone() == (None,):
        return None
    with connection.cursor(row_factory=class_row(Meta)) as cursor:
        columns = sql.SQL(", ").join(map(sql.Identifier, _META))
        return cursor.execute(sql.SQL("select {} from world.meta").format(columns)).fetchone()


class Store:
    """The writing side, over one connection that keeps every other writer out."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def connection(self) -> psycopg.Connection:
        """The connection, opened anew if the server dropped it."""
        if self._connection is None or self._connection.closed:
            connection = connect(self._dsn, patience=0 if self._connection else 60)
            self._keep_others_out(connection)
            self._connection = connection
        return self._connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def load(self, meta: Meta, tables: list[TableChanges], until: int) -> None:
        """Create everything and fill it with the state at `until`, or change nothing."""
        connection = self.connection()
        with connection.transaction():
            connection.execute("set local maintenance_work_mem = '128MB'")
            connection.execute("set local synchronous_commit = on")
            connection.execute((_SQL / "tables.sql").read_bytes())
            for table in tables:
                for rows in table.between(AGES_AGO, until):
                    _copy(connection, _identifier(table.name), rows)
            connection.execute((_SQL / "indexes.sql").read_bytes())
            connection.execute(
                sql.SQL("insert into world.meta ({}) values ({})").format(
                    sql.SQL(", ").join(map(sql.Identifier, _META)), sql.SQL(", ").join(map(sql.Placeholder, _META))
                ),
                asdict(meta),
            )
        connection.execute("analyze")

    def tick(self, tables: list[TableChanges], after: int, until: int, moment: datetime) -> int:
        """Apply all that is due in (after, until] in one transaction; returns the number of rows written."""
        changes = [(table, list(table.between(after, until))) for table in tables]
        written = sum(rows.num_rows for _, parts in changes for rows in parts)
        if written:
            connection = self.connection()
            with connection.transaction():
                for table, parts in changes:
                    if parts:
                        _upsert(connection, table, parts)
                connection.execute("update world.meta set last_tick = %s", (moment,))
        return written

    def save_clock(self, lead: timedelta, frozen_at: datetime | None) -> None:
        connection = self.connection()
        with connection.transaction():
            connection.execute("set local synchronous_commit = on")
            connection.execute("update world.meta set clock_lead = %s, frozen_at = %s", (lead, frozen_at))

    def _keep_others_out(self, connection: psycopg.Connection) -> None:
        # A killed predecessor's backend needs a moment to notice and to let go of its lock.
        deadline = time.monotonic() + 15
        while connection.execute("select pg_try_advisory_lock(%s)", (_LOCK,)).fetchone() != (True,):
            if time.monotonic() > deadline:
                connection.close()
                raise StoreError(
                    "Another local.world uses this database; stop it first or give this one another --dsn."
                )
            time.sleep(0.2)


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))


def _columns(rows: pa.Table) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, rows.column_names))


def _copy(connection: psycopg.Connection, target: sql.Identifier, rows: pa.Table) -> None:
    text = pa.BufferOutputStream()
    pyarrow.csv.write_csv(rows, text, pyarrow.csv.WriteOptions(include_header=False))
    statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(target, _columns(rows))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(memoryview(text.getvalue()))


def _upsert(connection: psycopg.Connection, table: TableChanges, parts: list[pa.Table]) -> None:
    target = _identifier(table.name)
    stage = sql.Identifier(f"stage_{table.name.replace('.', '_')}")
    connection.execute(
        sql.SQL("create temporary table if not exists {} (like {}) on commit delete rows").format(stage, target)
    )
    for rows in parts:
        _copy(connection, stage, rows)
    names = [name for name in parts[0].column_names if name != table.key]
    assignments = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in names)
    action = sql.SQL("update set {}").format(assignments) if table.mutable else sql.SQL("nothing")
    connection.execute(
        sql.SQL("insert into {} ({columns}) select {columns} from {} on conflict ({}) do {}").format(
            target, stage, sql.Identifier(table.key), action, columns=_columns(parts[0])
        )
    )
