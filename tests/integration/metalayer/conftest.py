"""The meta layer against the local warehouse, over the connection that Airflow gives it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
import yaml
from snowflake.connector import SnowflakeConnection

from include.metalayer import session
from include.metalayer.answer import Answer
from include.metalayer.ask import ask
from include.metalayer.query import Query, load
from local.stack.warehouse import run_bootstrap
from tests.standins import Standin, start

HEADER: dict[str, Any] = {
    "title": "Planted",
    "question": "Is this planted?",
    "why": "For a test.",
    "owner": "data",
    "group": "use",
    "views": ["ACCOUNT_USAGE.TABLES"],
    "database_roles": ["OBJECT_VIEWER"],
    "edition": "standard",
    "latency_minutes": 0,
    "rhythm": "daily",
    "columns": [{"name": "name", "title": "Name", "unit": "name"}, {"name": "size", "title": "Size", "unit": "count"}],
    "key": ["name"],
    "headline": {"column": "size", "of": "sum", "unit": "count", "words": "planted"},
}
ONE_ROW = "select 'A' as name, 1 as size"

Plant = Callable[..., Mapping[str, Query]]


def connection_of(port: int) -> str:
    """Airflow's connection to a warehouse at this port, as the local stack makes it."""
    extra = {"account": "local", "host": "127.0.0.1", "port": port, "database": "META"}
    extra |= {"warehouse": "META_WH", "role": "META_READER"}
    return json.dumps(
        {"conn_type": "snowflake", "login": "META", "password": "local", "schema": "LAYER", "extra": extra}
    )


def connect(server: Standin, role: str = "ACCOUNTADMIN") -> SnowflakeConnection:
    """A session of somebody else."""
    return snowflake.connector.connect(
        account="local", host="127.0.0.1", port=server.port, user="TESTER", password="local", role=role
    )


@pytest.fixture(scope="session")
def server() -> Iterator[Standin]:
    made = start("warehouse")
    yield made
    made.stop()


@pytest.fixture
def warehouse(server: Standin, monkeypatch: pytest.MonkeyPatch) -> Standin:
    """A warehouse in which nothing has been kept yet, and Airflow's connection to it."""
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(server.ca_bundle))
    monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_META", connection_of(server.port))
    with connect(server) as connection:
        run_bootstrap(connection)
        connection.cursor().execute("drop table if exists META.LAYER.ANSWERS")
    return server


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Puts a question into a folder of the test's own; returns all that are there."""
    folder = tmp_path / "queries"
    folder.mkdir()

    def planted(name: str, sql: str = ONE_ROW, **header: Any) -> Mapping[str, Query]:
        (folder / f"{name}.sql").write_text(f"/*\n{yaml.safe_dump({**HEADER, **header})}*/\n{sql}\n")
        return load(folder)

    return planted


def asked(name: str, queries: Mapping[str, Query]) -> Answer:
    """Ask a question as its task does."""
    with session.connect(name) as connection:
        return ask(connection, queries[name], queries)
