"""Whatever is cut short, the next sync ends in the right numbers: nothing lost, nothing doubled."""

from __future__ import annotations

import pytest

from tests.contracts.airbyte.client import Airbyte
from tests.contracts.airbyte.conftest import MakeAirbyte
from tests.contracts.airbyte.shop import CURSOR, Database, Warehouse, insert_orders
from tests.standins import start

# The source checkpoints after 10,000 records: past the first, and before the last.
ROWS = 25_000
HALF_WAY = 12_000


@pytest.fixture
def big_shop(shop: Database) -> Database:
    shop.run(insert_orders(1, ROWS))
    return shop


def connect(airbyte: Airbyte, shop: Database, warehouse: Warehouse, schema: str) -> str:
    source = airbyte.source(schema, "postgres", shop.configuration)
    destination = airbyte.destination(warehouse.configuration)
    return airbyte.connection(schema, source, destination, [{"name": "orders", **CURSOR}])


def half_way(job: dict[str, int]) -> bool:
    return job["rowsSynced"] >= HALF_WAY


def assert_equal(shop: Database, warehouse: Warehouse, schema: str) -> None:
    query = "select count(*), count(distinct order_id), sum(order_id), round(sum(total), 2) from {}"
    (expected,) = shop.rows(query.format("orders"))
    (found,) = warehouse.rows(query.format(f"RAW.{schema}.orders"))
    assert [float(value) for value in found] == [float(value) for value in expected]


def test_a_cancelled_sync_is_resumed_where_its_state_says(
    airbyte: Airbyte, orders: str, big_shop: Database, warehouse: Warehouse, schema: str
) -> None:
    job_id = airbyte.start(orders)
    airbyte.wait(job_id, half_way)
    cancelled = airbyte.http.delete(f"/api/public/v1/jobs/{job_id}").raise_for_status().json()
    assert cancelled["status"] == "cancelled"
    assert cancelled["rowsSynced"] < ROWS
    again = airbyte.sync(orders)
    assert again["rowsSynced"] < ROWS
    assert_equal(big_shop, warehouse, schema)


def test_a_server_killed_half_way_fails_the_job_and_the_next_one_ends_right(
    make_airbyte: MakeAirbyte, big_shop: Database, warehouse: Warehouse, schema: str
) -> None:
    own = make_airbyte()
    connection = connect(own, big_shop, warehouse, schema)
    job_id = own.start(connection)
    own.wait(job_id, half_way)
    own.standin.kill()
    own.standin.start()
    assert own.job(job_id)["status"] == "failed"
    assert "restarted" in own.failure(job_id)["externalMessage"]
    again = own.sync(connection)
    assert again["rowsSynced"] < ROWS
    assert_equal(big_shop, warehouse, schema)


def test_a_server_asked_to_stop_ends_its_connectors_and_says_so_in_the_job(
    make_airbyte: MakeAirbyte, big_shop: Database, warehouse: Warehouse, schema: str
) -> None:
    own = make_airbyte()
    connection = connect(own, big_shop, warehouse, schema)
    job_id = own.start(connection)
    own.wait(job_id, lambda job: job["rowsSynced"] > 0)
    own.standin.restart()
    assert own.job(job_id)["status"] == "failed"
    assert "The server was" in own.failure(job_id)["externalMessage"]
    own.sync(connection)
    assert_equal(big_shop, warehouse, schema)


@pytest.mark.parametrize("way", ["kill", pytest.param("stop", marks=pytest.mark.slow)])
def test_a_warehouse_restarted_mid_load_costs_an_attempt_and_no_row(
    make_airbyte: MakeAirbyte, big_shop: Database, schema: str, way: str
) -> None:
    own_warehouse = Warehouse(start("warehouse"))
    try:
        own_warehouse.prepare()
        own = make_airbyte(warehouse=own_warehouse)
        connection = connect(own, big_shop, own_warehouse, schema)
        job_id = own.start(connection)
        own.wait(job_id, half_way)
        getattr(own_warehouse.standin, way)()
        own_warehouse.standin.start()
        assert own.wait(job_id)["status"] == "succeeded", own.failure(job_id)
        attempts = own.details(job_id)["attempts"]
        for attempt in attempts[:-1]:
            assert attempt["attempt"]["failureSummary"]["failures"][0]["failureOrigin"] == "destination"
        assert_equal(big_shop, own_warehouse, schema)
    finally:
        own_warehouse.standin.kill()


def test_a_connector_that_dies_is_started_again_and_goes_on(
    airbyte: Airbyte, orders: str, big_shop: Database, warehouse: Warehouse, schema: str
) -> None:
    airbyte.fault("kill_after_records", n=15_000)
    job = airbyte.sync(orders)
    attempts = airbyte.details(job["jobId"])["attempts"]
    assert [attempt["attempt"]["status"] for attempt in attempts] == ["failed", "succeeded"]
    first, second = (attempt["attempt"]["totalStats"]["recordsEmitted"] for attempt in attempts)
    # What the dead process had already written is still read.
    assert 15_000 <= first < ROWS
    assert second < ROWS
    assert_equal(big_shop, warehouse, schema)


def test_a_load_that_fails_once_is_tried_again(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 10))
    airbyte.fault("load_error")
    job = airbyte.sync(orders)
    first = airbyte.details(job["jobId"])["attempts"][0]["attempt"]
    assert first["failureSummary"]["failures"][0]["failureOrigin"] == "destination"
    assert_equal(shop, warehouse, schema)


def test_a_database_that_refuses_the_password_ends_the_job_at_once(
    airbyte: Airbyte, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    connection = connect(airbyte, shop, warehouse, schema)
    source = airbyte.get(f"/connections/{connection}")["sourceId"]
    wrong = {"configuration": {"database": "no_such_database"}}
    airbyte.http.patch(f"/api/public/v1/sources/{source}", json=wrong).raise_for_status()
    job = airbyte.run(connection)
    assert job["status"] == "failed"
    attempts = airbyte.details(job["jobId"])["attempts"]
    assert len(attempts) == 1
    failure = airbyte.failure(job["jobId"])
    assert (failure["failureOrigin"], failure["failureType"]) == ("source", "config_error")
    assert "no_such_database" in failure["externalMessage"]


def test_a_table_that_was_dropped_is_a_configuration_error_that_names_it(
    airbyte: Airbyte, orders: str, shop: Database
) -> None:
    shop.run("drop table orders")
    job = airbyte.run(orders)
    assert job["status"] == "failed"
    assert airbyte.failure(job["jobId"])["failureType"] == "config_error"
    assert "public.orders" in airbyte.failure(job["jobId"])["externalMessage"]
