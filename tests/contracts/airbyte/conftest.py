"""A server with its database and its warehouse for the whole session; tests that kill one start their own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.contracts.airbyte.client import Airbyte
from tests.contracts.airbyte.shop import CURSOR, ORDERS, Database, Warehouse
from tests.standins import Standin, start

# Small, so that a few thousand rows are many batches.
BATCH_ROWS = "1000"
MakeAirbyte = Callable[..., Airbyte]


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    yield
    os.environ.pop("REQUESTS_CA_BUNDLE", None)
    if before is not None:
        os.environ["REQUESTS_CA_BUNDLE"] = before


@pytest.fixture(scope="session")
def postgres() -> Iterator[Standin]:
    server = start("postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Warehouse]:
    server = start("warehouse")
    warehouse = Warehouse(server)
    warehouse.prepare()
    yield warehouse
    server.stop()


@pytest.fixture(scope="session")
def make_airbyte(warehouse: Warehouse) -> Iterator[MakeAirbyte]:
    """Start further servers, with flags of the test's own."""
    running: list[Standin] = []

    def make(*flags: str, warehouse: Warehouse = warehouse) -> Airbyte:
        environment = {"REQUESTS_CA_BUNDLE": str(warehouse.standin.ca_bundle)}
        running.append(start("airbyte", "--enable-faults", "--batch-rows", BATCH_ROWS, *flags, env=environment))
        return Airbyte(running[-1])

    yield make
    for server in running:
        server.stop()


@pytest.fixture(scope="session")
def server(make_airbyte: MakeAirbyte) -> Airbyte:
    return make_airbyte()


@pytest.fixture
def airbyte(server: Airbyte) -> Iterator[Airbyte]:
    server.authenticate()
    yield server
    server.http.delete("/_local/faults").raise_for_status()


@pytest.fixture
def shop(postgres: Standin) -> Database:
    """A database with an empty table `orders`."""
    database = Database(postgres)
    database.run(ORDERS)
    return database


@pytest.fixture
def schema() -> str:
    """A name for a connection, and so for the schema it loads into."""
    return f"shop_{uuid.uuid4().hex[:8]}"


@pytest.fixture
def orders(airbyte: Airbyte, shop: Database, warehouse: Warehouse, schema: str) -> str:
    """A connection that loads the table `orders`, incrementally and without duplicates."""
    source = airbyte.source(schema, "postgres", shop.configuration)
    destination = airbyte.destination(warehouse.configuration)
    return airbyte.connection(schema, source, destination, [{"name": "orders", **CURSOR}])
