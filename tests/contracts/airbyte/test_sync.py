"""What lands in the warehouse, sync after sync: the conventions of destination-snowflake, and exactness."""

from __future__ import annotations

import datetime as dt
import json

from tests.contracts.airbyte.client import PUBLIC, Airbyte
from tests.contracts.airbyte.shop import Database, Warehouse, insert_orders


def test_the_first_sync_loads_every_row_in_typed_upper_case_columns(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 3))
    shop.run("update orders set shop = '', paid = null, note = null where order_id = 2")
    shop.run("update orders set shop = E'a \"b\", c\\nd', quantity = 12345678901.125 where order_id = 3")
    job = airbyte.sync(orders)

    columns = warehouse.rows(
        f"select column_name, data_type from RAW.information_schema.columns where table_schema = '{schema.upper()}'"
    )
    found = dict(columns)
    # The local warehouse keeps an ARRAY as a VARIANT.
    assert found.pop("TAGS") in ("ARRAY", "VARIANT")
    assert found == {
        "_AIRBYTE_RAW_ID": "TEXT",
        "_AIRBYTE_EXTRACTED_AT": "TIMESTAMP_TZ",
        "_AIRBYTE_META": "VARIANT",
        "_AIRBYTE_GENERATION_ID": "NUMBER",
        "ORDER_ID": "NUMBER",
        "SHOP": "TEXT",
        "TOTAL": "FLOAT",
        "QUANTITY": "FLOAT",
        "PAID": "BOOLEAN",
        "PLACED_ON": "DATE",
        "NOTE": "TEXT",
        "UPDATED_AT": "TIMESTAMP_TZ",
    }
    rows = warehouse.rows(
        f"select order_id, shop, total, quantity, paid, placed_on, note, updated_at from RAW.{schema}.orders order by 1"
    )
    day = dt.date(2026, 11, 1)
    midnight = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert rows == [
        (1, "shop 1", 1.37, 0.001, False, day, '{"a": 1}', midnight),
        (2, "", 2.37, 0.002, None, day, None, midnight + dt.timedelta(seconds=1)),
        (3, 'a "b", c\nd', 3.37, 12345678901.125, False, day, '{"a": 1}', midnight + dt.timedelta(seconds=2)),
    ]
    meta = warehouse.rows(f"select _airbyte_meta, _airbyte_generation_id, tags from RAW.{schema}.orders")[0]
    assert json.loads(meta[0]) == {"sync_id": job["jobId"], "changes": []}
    assert meta[1] == 0
    assert json.loads(meta[2]) == ["x", "y"]
    assert warehouse.rows(f"select count(distinct _airbyte_raw_id) from RAW.{schema}.orders") == [(3,)]


def test_the_second_sync_moves_only_what_is_new_or_changed(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 2500))
    assert airbyte.sync(orders)["rowsSynced"] == 2500
    shop.run(insert_orders(2501, 2507, at="2026-11-02T00:00:00Z"))
    shop.run("update orders set total = 0, updated_at = '2026-11-02T01:00:00Z' where order_id = 7")
    assert airbyte.sync(orders)["rowsSynced"] == 8
    assert warehouse.rows(f"select count(*), count(distinct order_id) from RAW.{schema}.orders") == [(2507, 2507)]
    assert warehouse.rows(f"select total from RAW.{schema}.orders where order_id = 7") == [(0.0,)]


def test_a_sync_that_finds_nothing_new_moves_and_changes_nothing(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 100))
    # Half of the rows share the newest cursor value, which an inclusive bound would read again each time.
    shop.run("update orders set updated_at = '2026-11-03T00:00:00Z' where order_id > 50")
    airbyte.sync(orders)
    everything = f"select * from RAW.{schema}.orders order by order_id"
    before = warehouse.rows(everything)
    for _ in range(3):
        assert airbyte.sync(orders)["rowsSynced"] == 0
    assert warehouse.rows(everything) == before


def test_a_row_committed_late_under_the_newest_cursor_value_is_not_lost(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 3))
    shop.run("update orders set updated_at = '2026-11-03T00:00:00Z'")
    airbyte.sync(orders)
    shop.run(insert_orders(4, 4, at="2026-11-03T00:00:00Z"))
    airbyte.sync(orders)
    assert warehouse.rows(f"select count(*) from RAW.{schema}.orders") == [(4,)]


def test_the_sum_of_money_survives_to_the_cent(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 3000))
    shop.run("update orders set total = (order_id * 7919 % 999983) / 100.0 + 0.01")
    airbyte.sync(orders)
    expected = shop.rows("select order_id, total from orders order by 1")
    found = warehouse.rows(f"select order_id, total::number(12, 2) from RAW.{schema}.orders order by 1")
    assert found == expected


def test_a_value_its_column_cannot_hold_is_null_and_named_in_the_meta_column(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 2))
    shop.run("update orders set quantity = 'NaN' where order_id = 1")
    airbyte.sync(orders)
    rows = warehouse.rows(f"select quantity, _airbyte_meta from RAW.{schema}.orders order by order_id")
    assert rows[0][0] is None
    assert json.loads(rows[0][1])["changes"] == [
        {"field": "quantity", "change": "NULLED", "reason": "DESTINATION_TYPECAST_ERROR"}
    ]
    assert rows[1][0] == 0.002
    assert json.loads(rows[1][1])["changes"] == []


def test_a_new_column_is_added_when_the_connection_selects_it(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 2))
    airbyte.sync(orders)
    shop.run("alter table orders add column channel text")
    shop.run("update orders set channel = 'web', updated_at = '2026-11-04T00:00:00Z' where order_id = 2")
    streams = airbyte.get(f"/connections/{orders}")["configurations"]
    airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json={"configurations": streams}).raise_for_status()
    airbyte.sync(orders)
    assert warehouse.rows(f"select channel from RAW.{schema}.orders order by order_id") == [(None,), ("web",)]


def test_only_selected_fields_are_loaded(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 1))
    streams = airbyte.get(f"/connections/{orders}")["configurations"]["streams"]
    fields = [{"fieldPath": [name]} for name in ("order_id", "total", "updated_at")]
    body = {"configurations": {"streams": [{**streams[0], "selectedFields": fields}]}}
    airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json=body).raise_for_status()
    airbyte.sync(orders)
    columns = warehouse.rows(
        f"select column_name from RAW.information_schema.columns where table_schema = '{schema.upper()}'"
    )
    assert {name for (name,) in columns if not name.startswith("_AIRBYTE")} == {"ORDER_ID", "TOTAL", "UPDATED_AT"}


def test_an_overwrite_replaces_the_table_only_when_it_succeeds(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 2500))
    body = {"configurations": {"streams": [{"name": "orders", "syncMode": "full_refresh_overwrite"}]}}
    airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json=body).raise_for_status()
    airbyte.sync(orders)
    counted = f"select count(*), min(_airbyte_generation_id) from RAW.{schema}.orders"
    assert warehouse.rows(counted) == [(2500, 1)]

    shop.run("delete from orders where order_id <= 500")
    for _ in range(3):
        airbyte.fault("kill_after_records", n=1500)
    assert airbyte.run(orders)["status"] == "failed"
    assert warehouse.rows(counted) == [(2500, 1)]

    airbyte.sync(orders)
    assert warehouse.rows(counted) == [(2000, 3)]
    tables = warehouse.rows(
        f"select table_name from RAW.information_schema.tables where table_schema = '{schema.upper()}'"
    )
    assert tables == [("ORDERS",)]


def test_an_append_keeps_every_version_of_a_row(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 2))
    stream = {"name": "orders", "syncMode": "incremental_append", "cursorField": ["updated_at"]}
    body = {"configurations": {"streams": [stream]}}
    airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json=body).raise_for_status()
    airbyte.sync(orders)
    shop.run("update orders set total = 9, updated_at = '2026-11-04T00:00:00Z' where order_id = 1")
    airbyte.sync(orders)
    rows = warehouse.rows(f"select order_id, total from RAW.{schema}.orders order by 1, 2")
    assert rows == [(1, 1.37), (1, 9.0), (2, 2.37)]


def test_a_clear_empties_the_tables_and_the_next_sync_reads_everything_again(
    airbyte: Airbyte, orders: str, shop: Database, warehouse: Warehouse, schema: str
) -> None:
    shop.run(insert_orders(1, 20))
    airbyte.sync(orders)
    assert airbyte.run(orders, "clear")["status"] == "succeeded"
    assert airbyte.states(orders) == []
    counted = f"select count(*), max(_airbyte_generation_id) from RAW.{schema}.orders"
    assert warehouse.rows(counted) == [(0, None)]
    assert airbyte.sync(orders)["rowsSynced"] == 20
    assert warehouse.rows(counted) == [(20, 1)]


def test_statistics_say_what_each_stream_moved(airbyte: Airbyte, orders: str, shop: Database) -> None:
    shop.run(insert_orders(1, 1234))
    job = airbyte.sync(orders)
    details = airbyte.details(job["jobId"])
    (stream,) = details["job"]["streamAggregatedStats"]
    assert (stream["streamName"], stream["streamNamespace"]) == ("orders", "public")
    assert stream["recordsEmitted"] == stream["recordsCommitted"] == job["rowsSynced"] == 1234
    assert stream["bytesCommitted"] == job["bytesSynced"] > 0
    assert [attempt["attempt"]["status"] for attempt in details["attempts"]] == ["succeeded"]
    assert "failureSummary" not in details["attempts"][0]["attempt"]
