"""One connection, in one read-only snapshot.

REPEATABLE READ is what makes a read a consistent cut: every stream is read as it was at the first query, whatever is
written meanwhile, and the newest cursor value seen then is the upper bound of the whole read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo


class ConfigurationError(Exception):
    """The configuration cannot work however often it is tried."""


def _open(config: dict[str, Any]) -> psycopg.Connection[Any]:
    mode = (config.get("ssl_mode") or {}).get("mode", "prefer")
    address = make_conninfo(
        host=config["host"],
        port=config["port"],
        dbname=config["database"],
        user=config["username"],
        password=config.get("password", ""),
        sslmode=mode,
        connect_timeout=15,
        application_name="airbyte-source-postgres",
        options="-c timezone=UTC -c datestyle=ISO",
    )
    try:
        return psycopg.connect(address)
    except psycopg.OperationalError as error:
        text = str(error).strip()
        permanent = any(hint in text for hint in ("authentication failed", "does not exist", "no pg_hba.conf entry"))
        if permanent:
            raise ConfigurationError(f"PostgreSQL refused the connection: {text}") from error
        raise


@contextmanager
def connect(config: dict[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """A connection whose one transaction is a read-only snapshot."""
    method = (config.get("replication_method") or {}).get("method", "Standard")
    if method != "Standard":
        raise ConfigurationError(f"Update method {method!r} is not supported here: use Standard, with a cursor column.")
    connection = _open(config)
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    with connection:
        yield connection
