"""One local warehouse for the contract tests, and a schema of its own for each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator

import pytest
from snowflake.connector import SnowflakeConnection

from tests.contracts.warehouse.connections import connect
from tests.standins import Standin, start


@pytest.fixture(scope="session")
def server() -> Iterator[Standin]:
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    standin = start("warehouse")
    with connect(standin) as connection:
        connection.cursor().execute("create database if not exists CONTRACTS")
    yield standin
    standin.stop()
    _restore(before)


@pytest.fixture
def schema(server: Standin) -> Iterator[str]:
    """The name of an empty schema in database CONTRACTS."""
    name = f"S{uuid.uuid4().hex[:10]}".upper()
    with connect(server) as connection:
        connection.cursor().execute(f"create schema CONTRACTS.{name}")
        yield name
        connection.cursor().execute(f"drop schema CONTRACTS.{name}")


@pytest.fixture
def session(server: Standin, schema: str) -> Iterator[SnowflakeConnection]:
    with connect(server, database="CONTRACTS", schema=schema) as connection:
        yield connection


@pytest.fixture
def own_server() -> Iterator[Standin]:
    """A warehouse the test may kill."""
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    standin = start("warehouse")
    yield standin
    standin.kill()
    _restore(before)


def _restore(bundle: str | None) -> None:
    if bundle is None:
        os.environ.pop("REQUESTS_CA_BUNDLE", None)
    else:
        os.environ["REQUESTS_CA_BUNDLE"] = bundle
