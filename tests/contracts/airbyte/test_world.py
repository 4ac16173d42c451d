"""The whole road, over the real stand-ins: an application database and two low-code connectors into the warehouse."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import psycopg
import pytest

from tests.contracts.airbyte.client import Airbyte
from tests.contracts.airbyte.shop import CURSOR, Database, Warehouse
from tests.standins import Standin, start

PAYMENTS_KEY = "sk_test_local_0000000000000000"
START = "2026-01-01T00:00:00Z"
TABLES = ("shops", "plans", "subscriptions", "buyers", "products", "orders", "order_lines")


@dataclass
class World:
    """The shop platform: its clock stands still unless a test moves it."""

    standin: Standin
    database: Database

    def advance(self, seconds: int) -> None:
        body = {"advance_seconds": seconds}
        httpx.post(f"{self.standin.url}/_local/clock", json=body, timeout=120).raise_for_status()

    def counts(self) -> dict[str, int]:
        return {table: self.database.rows(f"select count(*) from {table}")[0][0] for table in TABLES}

    def value(self, query: str) -> Any:
        with psycopg.connect(self.database.dsn) as connection:
            row = connection.execute(query).fetchone()
        assert row
        return row[0]


@pytest.fixture(scope="module")
def world(postgres: Standin) -> Iterator[World]:
    database = Database(postgres)
    standin = start("world", "--dsn", database.dsn, "--days", "3")
    httpx.post(f"{standin.url}/_local/clock", json={"freeze": True}, timeout=60).raise_for_status()
    yield World(standin, database)
    standin.stop()


@pytest.fixture(scope="module")
def prefix() -> str:
    return f"w{uuid.uuid4().hex[:6]}"


@pytest.fixture(scope="module")
def connections(server: Airbyte, world: World, warehouse: Warehouse, prefix: str) -> dict[str, str]:
    """The three connections by source, each into a schema of its own."""
    destination = server.destination(warehouse.configuration)
    url = world.standin.url
    sources = {
        "storefront": ("postgres", world.database.configuration, "updated_at"),
        "payments": ("stripe", stripe(url), "created"),
        "product_analytics": ("amplitude", amplitude(url), "server_upload_time"),
    }
    made = {}
    for name, (source_type, configuration, cursor) in sources.items():
        source = server.source(name, source_type, configuration)
        found = [stream["streamName"] for stream in server.get("/streams", sourceId=source)]
        streams = [{"name": stream, **CURSOR, "cursorField": [cursor]} for stream in found]
        made[name] = server.connection(f"{prefix}_{name}", source, destination, streams)
    return made


def stripe(url: str, key: str = PAYMENTS_KEY) -> dict[str, Any]:
    return {"account_id": "acct_local", "client_secret": key, "start_date": START, "base_url": f"{url}/payments"}


def amplitude(url: str) -> dict[str, Any]:
    return {
        "api_key": "local-analytics-key-00000000",
        "secret_key": "local-analytics-secret-00000000",
        "start_date": "2026-10-01T00:00:00Z",
        "base_url": f"{url}/analytics",
    }


def assert_agreement(world: World, warehouse: Warehouse, prefix: str) -> None:
    """The warehouse holds the database to the row, and payments and events agree with it."""
    for table, count in world.counts().items():
        assert warehouse.rows(f"select count(*) from RAW.{prefix}_storefront.{table}") == [(count,)], table
    total = f"select round(sum(total_amount), 2), round(sum(refunded_amount), 2) from RAW.{prefix}_storefront.orders"
    ((orders, refunded),) = warehouse.rows(total)
    assert round(orders * 100) == int(world.value("select sum(total_amount) * 100 from orders"))
    ((charges, refunds),) = warehouse.rows(
        f"select (select sum(amount) from RAW.{prefix}_payments.charges), "
        f"(select coalesce(sum(amount), 0) from RAW.{prefix}_payments.refunds)"
    )
    # A charge is made up to 90 seconds after its order.
    young = world.value(
        "select coalesce(sum(total_amount) * 100, 0) from orders "
        "where placed_at > (select max(placed_at) from orders) - interval '90 seconds'"
    )
    assert round(orders * 100) - int(young) <= charges <= round(orders * 100)
    assert refunds == round(refunded * 100)
    ((events, distinct),) = warehouse.rows(
        f"select count(*), count(distinct uuid) from RAW.{prefix}_product_analytics.events"
    )
    assert events == distinct > 0


def test_the_first_sync_brings_everything_and_the_second_only_what_is_new(
    airbyte: Airbyte, connections: dict[str, str], world: World, warehouse: Warehouse, prefix: str
) -> None:
    first = {name: airbyte.sync(connection)["rowsSynced"] for name, connection in connections.items()}
    assert first["storefront"] == sum(world.counts().values())
    assert_agreement(world, warehouse, prefix)

    again = {name: airbyte.sync(connection)["rowsSynced"] for name, connection in connections.items()}
    # An inclusive lower bound brings the newest object of each stream once more; by its key it is the same row.
    assert again["storefront"] == 0
    assert again["payments"] <= 4 * 10
    assert again["product_analytics"] <= 10
    assert_agreement(world, warehouse, prefix)

    world.advance(6 * 3600)
    later = {name: airbyte.sync(connection)["rowsSynced"] for name, connection in connections.items()}
    assert all(0 < later[name] < first[name] / 2 for name in later), (first, later)
    assert_agreement(world, warehouse, prefix)


def test_streams_keep_the_column_names_and_types_of_the_stock_connectors(
    airbyte: Airbyte, connections: dict[str, str], warehouse: Warehouse, prefix: str
) -> None:
    def types(schema: str, table: str) -> dict[str, str]:
        rows = warehouse.rows(
            "select column_name, data_type from RAW.information_schema.columns "
            f"where table_schema = '{schema.upper()}' and table_name = '{table.upper()}'"
        )
        return dict(rows)

    for connection in connections.values():
        airbyte.sync(connection)
    charges = types(f"{prefix}_payments", "charges")
    assert (charges["AMOUNT"], charges["CREATED"]) == ("NUMBER", "NUMBER")
    assert (charges["REFUNDED"], charges["CURRENCY"]) == ("BOOLEAN", "TEXT")
    events = types(f"{prefix}_product_analytics", "events")
    assert (events["EVENT_TIME"], events["UUID"], events["SESSION_ID"]) == ("TIMESTAMP_TZ", "TEXT", "FLOAT")
    # The local warehouse keeps an OBJECT as a VARIANT.
    assert {charges["METADATA"], events["EVENT_PROPERTIES"]} <= {"OBJECT", "VARIANT"}


def test_a_fork_server_that_was_killed_is_replaced_and_connectors_leave_nothing_behind(
    airbyte: Airbyte, connections: dict[str, str]
) -> None:
    airbyte.sync(connections["payments"])
    assert airbyte.standin.process
    server = psutil.Process(airbyte.standin.process.pid)
    (fork_server,) = [child for child in server.children() if "forkserver.py" in " ".join(child.cmdline())]
    assert fork_server.children(recursive=True) == []
    fork_server.kill()
    airbyte.sync(connections["payments"])


def test_a_wrong_payments_key_is_a_config_error_with_the_service_s_words(
    airbyte: Airbyte, world: World, warehouse: Warehouse, prefix: str, connections: dict[str, str]
) -> None:
    source = airbyte.get(f"/connections/{connections['payments']}")["sourceId"]
    for key, status in (("sk_test_wrong_00000000000000", "failed"), (PAYMENTS_KEY, "succeeded")):
        configuration = {"configuration": stripe(world.standin.url, key)}
        airbyte.http.patch(f"/api/public/v1/sources/{source}", json=configuration).raise_for_status()
        job = airbyte.run(connections["payments"])
        assert job["status"] == status
        if status == "failed":
            failure = airbyte.failure(job["jobId"])
            assert (failure["failureOrigin"], failure["failureType"]) == ("source", "config_error")
            assert "refused the secret key" in failure["externalMessage"]
            assert len(airbyte.details(job["jobId"])["attempts"]) == 1
