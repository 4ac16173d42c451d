"""The configuration Airbyte keeps: actors, their catalogs, connections, and where each stream stands."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
import uuid
from dataclasses import asdict

from local.airbyte.database import Database
from local.airbyte.models import Actor, ActorKind, Connection, Json, StreamName


def _actor(row: sqlite3.Row) -> Actor:
    body = json.loads(row["body"])
    return Actor(**{**body, "kind": ActorKind(body["kind"])})


def _connection(row: sqlite3.Row) -> Connection:
    return Connection(**json.loads(row["body"]))


def _stream_name(row: sqlite3.Row) -> StreamName:
    return StreamName(row["name"], row["namespace"] or None)


class Store:
    """Reads and writes of everything Airbyte keeps."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def constant(self, key: str, default: str) -> str:
        """The value kept under `key`, which is `default` the first time."""
        self._db.run("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, default))
        return str(self._db.run("SELECT value FROM meta WHERE key = ?", (key,))[0]["value"])

    def set_constant(self, key: str, value: str) -> None:
        self._db.run("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    @property
    def token_key(self) -> bytes:
        return self.constant("token_key", secrets.token_hex(32)).encode()

    @property
    def workspace_id(self) -> str:
        return self.constant("workspace_id", str(uuid.uuid4()))

    # Actors

    def actors(self, kind: ActorKind) -> list[Actor]:
        rows = self._db.run("SELECT body FROM actors WHERE kind = ? ORDER BY created_at, rowid", (kind,))
        return [_actor(row) for row in rows]

    def actor(self, kind: ActorKind, actor_id: str) -> Actor | None:
        rows = self._db.run("SELECT body FROM actors WHERE kind = ? AND id = ?", (kind, actor_id))
        return _actor(rows[0]) if rows else None

    def save_actor(self, actor: Actor) -> None:
        body = json.dumps(asdict(actor))
        self._db.run(
            "INSERT INTO actors VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (actor.id, actor.kind, actor.created_at, body),
        )

    def delete_actor(self, actor_id: str) -> None:
        with self._db.transaction():
            self._db.run("DELETE FROM actors WHERE id = ?", (actor_id,))
            self._db.run("DELETE FROM catalogs WHERE source_id = ?", (actor_id,))

    def catalog(self, source_id: str) -> tuple[list[Json], float] | None:
        """The streams last discovered in a source, and when."""
        rows = self._db.run("SELECT body, discovered_at FROM catalogs WHERE source_id = ?", (source_id,))
        return (json.loads(rows[0]["body"]), rows[0]["discovered_at"]) if rows else None

    def save_catalog(self, source_id: str, streams: list[Json]) -> None:
        self._db.run("INSERT OR REPLACE INTO catalogs VALUES (?, ?, ?)", (source_id, time.time(), json.dumps(streams)))

    def forget_catalog(self, source_id: str) -> None:
        self._db.run("DELETE FROM catalogs WHERE source_id = ?", (source_id,))

    # Connections

    def connections(self) -> list[Connection]:
        return [_connection(row) for row in self._db.run("SELECT body FROM connections ORDER BY created_at, rowid")]

    def connection(self, connection_id: str) -> Connection | None:
        rows = self._db.run("SELECT body FROM connections WHERE id = ?", (connection_id,))
        return _connection(rows[0]) if rows else None

    def save_connection(self, connection: Connection) -> None:
        self._db.run(
            "INSERT INTO connections VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (connection.id, connection.created_at, json.dumps(asdict(connection))),
        )

    # States and generations

    def states(self, connection_id: str) -> dict[StreamName, Json]:
        rows = self._db.run("SELECT * FROM states WHERE connection_id = ?", (connection_id,))
        return {_stream_name(row): json.loads(row["body"]) for row in rows}

    def save_state(self, connection_id: str, stream: StreamName, state: Json) -> None:
        self._db.run(
            "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?)",
            (connection_id, stream.namespace or "", stream.name, json.dumps(state)),
        )

    def delete_state(self, connection_id: str, stream: StreamName) -> None:
        self._db.run(
            "DELETE FROM states WHERE connection_id = ? AND namespace = ? AND name = ?",
            (connection_id, stream.namespace or "", stream.name),
        )

    def generations(self, connection_id: str) -> dict[StreamName, int]:
        rows = self._db.run("SELECT * FROM generations WHERE connection_id = ?", (connection_id,))
        return {_stream_name(row): row["generation"] for row in rows}

    def next_generation(self, connection_id: str, stream: StreamName) -> None:
        self._db.run(
            "INSERT INTO generations VALUES (?, ?, ?, 1) "
            "ON CONFLICT (connection_id, namespace, name) DO UPDATE SET generation = generation + 1",
            (connection_id, stream.namespace or "", stream.name),
        )
