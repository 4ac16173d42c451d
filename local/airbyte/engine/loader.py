"""Loads batches into Snowflake: PUT to an internal stage, COPY, then INSERT or MERGE."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import snowflake.connector
from cryptography.hazmat.primitives import serialization
from snowflake.connector.errors import DatabaseError, Error

from local.airbyte.engine.batch import Batch
from local.airbyte.engine.plan import StreamPlan
from local.airbyte.engine.statements import Target, quote
from local.airbyte.models import Json, StreamName

# A warehouse that is restarting is back within this time; what takes longer is another attempt's matter.
LOGIN_SECONDS = 30
NETWORK_SECONDS = 60
_ACCESS_DENIED = 3001


class LoadError(Exception):
    """The destination could not take the data. `failure_type` is the protocol's."""

    def __init__(self, message: str, failure_type: str = "system_error") -> None:
        super().__init__(message)
        self.failure_type = failure_type


def _private_key(credentials: Json) -> bytes:
    password = credentials.get("private_key_password")
    key = serialization.load_pem_private_key(
        credentials["private_key"].encode(), password.encode() if password else None
    )
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _secret(credentials: Json) -> dict[str, Any]:
    if "private_key" in credentials:
        return {"private_key": _private_key(credentials)}
    return {"password": credentials["password"]}


def _account(host: str) -> str:
    """The account is the first part of Snowflake's host names; an address has none."""
    suffix = ".snowflakecomputing.com"
    return host.removesuffix(suffix) if host.endswith(suffix) else "local"


class Loader:
    """One session at the destination. Every method raises LoadError."""

    def __init__(self, config: Json, log: Callable[[str], None]) -> None:
        self._config = config
        self._log = log
        self._targets: dict[StreamName, Target] = {}
        try:
            self._connection = snowflake.connector.connect(
                account=_account(config["host"]),
                host=config["host"],
                port=config.get("port", 443),
                user=config["username"],
                **_secret(config["credentials"]),
                role=config["role"],
                warehouse=config["warehouse"],
                database=config["database"],
                login_timeout=LOGIN_SECONDS,
                network_timeout=NETWORK_SECONDS,
                application="airbyte",
            )
        except ValueError as error:
            raise LoadError(f"The private key cannot be read: {error}", "config_error") from error
        except Error as error:
            denied = isinstance(error, DatabaseError) and "ncorrect username or password" in str(error)
            kind = "config_error" if denied else "transient_error"
            raise LoadError(f"Snowflake refused the connection: {error}", kind) from error

    def close(self) -> None:
        self._connection.close()

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        began = time.monotonic()
        try:
            with self._connection.cursor() as cursor:
                rows = cursor.execute(sql).fetchall()  # type: ignore[union-attr]
        except Error as error:
            kind = "config_error" if error.errno == _ACCESS_DENIED else "system_error"
            raise LoadError(f"Snowflake refused a statement: {error.msg or error} ({sql[:120]})", kind) from error
        self._log(f"destination {time.monotonic() - began:.2f}s {' '.join(sql.split())[:100]}")
        return rows

    def _columns(self, database: str, schema: str) -> dict[str, set[str]]:
        """The columns of every table of a schema, in one query for all streams."""
        literal = schema.replace("'", "''")
        rows = self._run(
            f"SELECT table_name, column_name FROM {quote(database)}.information_schema.columns "
            f"WHERE table_schema = '{literal}'"
        )
        present: dict[str, set[str]] = {}
        for table, column in rows:
            present.setdefault(table, set()).add(column)
        return present

    def prepare(self, plans: list[StreamPlan]) -> None:
        """Make sure each stream's table exists with all its columns."""
        database = self._config["database"].upper()
        known: dict[str, dict[str, set[str]]] = {}
        for plan in plans:
            target = self._targets[plan.stream] = Target(database, plan)
            if plan.schema not in known:
                known[plan.schema] = self._columns(database, plan.schema)
                if not known[plan.schema]:
                    self._run(target.create_schema())
                self._run(target.create_stage())
            present = known[plan.schema].get(plan.table)
            if present is None:
                self._run(target.create(target.final))
            elif not plan.overwrite:
                for statement in target.add_missing(present):
                    self._run(statement)
            if plan.overwrite:
                self._run(target.create(target.replacement, replace=True))

    def load(self, batch: Batch, folder: Path, stage_folder: str) -> None:
        """The batch's rows into the destination table, all or none."""
        target = self._targets[batch.plan.stream]
        file = batch.write(folder)
        try:
            self._run(target.create(target.loading, replace=True))
            self._run(target.put(file, stage_folder))
            self._run(target.copy(stage_folder))
            self._run(target.merge() if batch.plan.dedup else target.insert())
            self._run(target.drop_loading())
        finally:
            file.unlink()

    def complete(self, plan: StreamPlan) -> None:
        """The stream has been read to its end: an overwrite becomes visible."""
        if plan.overwrite:
            for statement in self._targets[plan.stream].swap():
                self._run(statement)

    def truncate(self, plans: list[StreamPlan]) -> None:
        """Empty the streams' tables, where there are any (reset and clear)."""
        database = self._config["database"].upper()
        for plan in plans:
            if plan.table in self._columns(database, plan.schema):
                self._run(Target(database, plan).truncate())
