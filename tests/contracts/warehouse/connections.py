"""How the tests reach the warehouse: the unmodified connector, trusting the local CA as any client must."""

from __future__ import annotations

import os
from typing import Any

import snowflake.connector
from snowflake.connector import SnowflakeConnection

from tests.standins import Standin


def trust(server: Standin) -> None:
    """Every client in this process reads the variable at each request."""
    os.environ["REQUESTS_CA_BUNDLE"] = str(server.ca_bundle)


def connect(server: Standin, **options: Any) -> SnowflakeConnection:
    """A session as a program would open it."""
    trust(server)
    settings = {"account": "local", "host": "127.0.0.1", "port": server.port, "user": "tester", "password": "any"}
    return snowflake.connector.connect(**(settings | options))


def rows(connection: SnowflakeConnection, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    """Run one statement and fetch everything."""
    return list(connection.cursor().execute(sql, *args).fetchall())


def value(connection: SnowflakeConnection, sql: str, *args: Any) -> Any:
    """The first column of the only row."""
    ((first, *_),) = rows(connection, sql, *args)
    return first


def listed(connection: SnowflakeConnection, sql: str) -> list[dict[str, Any]]:
    """The rows of a SHOW or DESCRIBE, by column name."""
    cursor = connection.cursor(snowflake.connector.DictCursor)
    return list(cursor.execute(sql).fetchall())
