"""Reads the configured streams, each from where its state says.

The rules are source-postgres's for a user-defined cursor. A state holds the newest cursor value and how many rows had
it; when as many rows have it now, the next read takes only what is newer, otherwise it takes that value's rows again.
So nothing committed late under a known cursor value is lost, and nothing is read twice without need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from local.airbyte.sources.postgres import messages
from local.airbyte.sources.postgres.catalog import tables
from local.airbyte.sources.postgres.connect import ConfigurationError

FETCH_ROWS = 2_000
# As the stock connector: a kill costs at most this many records, and the value of the cursor they end in.
CHECKPOINT_RECORDS = 10_000

# The stock connector's text of a timestamp; PostgreSQL's own JSON writes +00:00 for Z.
_AS_TEXT = {
    "timestamptz": """to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')""",
    "timestamp": """to_char({column}, 'YYYY-MM-DD"T"HH24:MI:SS.US')""",
    "json": "{column}::text",
    "jsonb": "{column}::text",
}


@dataclass(frozen=True, kw_only=True)
class Stream:
    """One configured table: what to select, and by which cursor (None reads it in full)."""

    schema: str
    table: str
    columns: dict[str, str]
    cursor: str | None

    @property
    def descriptor(self) -> dict[str, str]:
        return {"name": self.table, "namespace": self.schema}

    @property
    def relation(self) -> sql.Composed:
        return sql.SQL("{}.{}").format(sql.Identifier(self.schema), sql.Identifier(self.table))

    def as_json(self, column: str) -> sql.Composed:
        template = _AS_TEXT.get(self.columns[column], "{column}")
        return sql.SQL(template).format(column=sql.Identifier(column))

    def placeholder(self) -> sql.Composed:
        """A parameter of the cursor column's type."""
        assert self.cursor
        return sql.SQL("%s::{}").format(sql.Identifier(self.columns[self.cursor]))


@dataclass
class Position:
    """The newest cursor value read so far and how many rows had it."""

    value: str | None = None
    rows: int = 0

    def state(self, stream: Stream) -> dict[str, Any]:
        return {
            "version": 2,
            "state_type": "cursor_based",
            "stream_name": stream.table,
            "stream_namespace": stream.schema,
            "cursor_field": [stream.cursor],
            "cursor": self.value,
            "cursor_record_count": self.rows,
        }


def _configured_streams(connection: psycopg.Connection[Any], catalog: dict[str, Any]) -> Iterator[Stream]:
    declared_streams = [configured["stream"] for configured in catalog["streams"]]
    schemas = sorted({declared.get("namespace") or "public" for declared in declared_streams})
    known = tables(connection, schemas)
    for configured, declared in zip(catalog["streams"], declared_streams, strict=True):
        schema, table = declared.get("namespace") or "public", declared["name"]
        present = known.get((schema, table))
        if not present:
            raise ConfigurationError(f"Table {schema}.{table} does not exist: remove the stream or restore the table.")
        selected = declared["json_schema"]["properties"]
        columns = {name: types[0] for name, types in present.items() if name in selected}
        cursor = None
        if configured["sync_mode"] == "incremental":
            cursor = (configured.get("cursor_field") or [None])[0]
            if cursor not in columns:
                raise ConfigurationError(f"Stream {schema}.{table} needs a cursor column that exists, not {cursor!r}.")
        yield Stream(schema=schema, table=table, columns=columns, cursor=cursor)


def _start(
    connection: psycopg.Connection[Any], stream: Stream, state: dict[str, Any]
) -> tuple[Position, sql.Composed, list[str]]:
    """Where to continue, and the condition that selects what is left to read, with its parameters."""
    if not stream.cursor or state.get("cursor") is None or state.get("cursor_field") != [stream.cursor]:
        return Position(), sql.Composed([]), []
    value, known = state["cursor"], state.get("cursor_record_count", 0)
    cursor, parameter = sql.Identifier(stream.cursor), stream.placeholder()
    count = sql.SQL("SELECT count(*) FROM {} WHERE {} = {}").format(stream.relation, cursor, parameter)
    row = connection.execute(count, [value]).fetchone()
    unchanged = bool(row and row[0] == known)
    operator = sql.SQL(">" if unchanged else ">=")
    where = sql.SQL("WHERE {} {} {}").format(cursor, operator, parameter)
    return Position(value, known) if unchanged else Position(), where, [value]


def _query(stream: Stream, where: sql.Composed) -> sql.Composed:
    fields = sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(stream.as_json(name), sql.Identifier(name)) for name in stream.columns
    )
    if not stream.cursor:
        return sql.SQL("SELECT row_to_json(r)::text, NULL FROM (SELECT {} FROM {}) r").format(fields, stream.relation)
    cursor = sql.Identifier(stream.cursor)
    # Qualified: a bare name would be the text made of the column, which has no index.
    rows = sql.SQL("SELECT {} FROM {} t {} ORDER BY t.{}").format(fields, stream.relation, where, cursor)
    return sql.SQL("SELECT row_to_json(r)::text, r.{}::text FROM ({}) r").format(cursor, rows)


class _Emitter:
    """Turns rows into RECORD messages and, between two cursor values, STATE messages."""

    def __init__(self, stream: Stream, position: Position) -> None:
        self._stream = stream
        self._position = position
        self._since_state = 0
        name, namespace = (messages.orjson.dumps(text) for text in (stream.table, stream.schema))
        self._head = b'{"type":"RECORD","record":{"stream":%b,"namespace":%b,"data":' % (name, namespace)

    def emit(self, rows: list[tuple[str, str | None]]) -> None:
        tail = b',"emitted_at":%d}}\n' % messages.now_ms()
        lines: list[bytes] = []
        for text, value in rows:
            if value != self._position.value and value is not None:
                # Only here is the value's count complete, so only here may a later read rely on it.
                if self._since_state >= CHECKPOINT_RECORDS:
                    messages.records(lines)
                    lines = []
                    self.checkpoint()
                self._position.value, self._position.rows = value, 0
            self._position.rows += value is not None
            self._since_state += 1
            lines.append(self._head + text.encode() + tail)
        messages.records(lines)

    def checkpoint(self) -> None:
        state = self._position.state(self._stream) if self._stream.cursor else {}
        messages.state(self._stream.descriptor, state, self._since_state)
        self._since_state = 0


def _read_stream(connection: psycopg.Connection[Any], stream: Stream, state: dict[str, Any]) -> None:
    messages.stream_status(stream.descriptor, "STARTED")
    position, where, parameters = _start(connection, stream, state)
    emitter = _Emitter(stream, position)
    messages.stream_status(stream.descriptor, "RUNNING")
    with connection.cursor(name=f"airbyte_{stream.table}") as cursor:
        cursor.execute(_query(stream, where), parameters)
        while rows := cursor.fetchmany(FETCH_ROWS):
            emitter.emit(rows)
    emitter.checkpoint()
    messages.stream_status(stream.descriptor, "COMPLETE")


def read(connection: psycopg.Connection[Any], catalog: dict[str, Any], states: list[dict[str, Any]]) -> None:
    """Emit the configured streams one after the other."""
    known = {}
    for message in states:
        descriptor = message["stream"]["stream_descriptor"]
        known[descriptor["name"], descriptor.get("namespace")] = message["stream"].get("stream_state") or {}
    for stream in _configured_streams(connection, catalog):
        _read_stream(connection, stream, known.get((stream.table, stream.schema), {}))
