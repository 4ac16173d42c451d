"""dbt-snowflake, unmodified, four threads: a project that uses what dbt has, built twice with new data in between."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection

from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.standins import Standin

PROJECT = Path(__file__).parent / "project"
SCHEMA = "ANALYTICS.CONTRACT"
TODAY = datetime.datetime.now(datetime.UTC).date()

SOURCE = """
create database if not exists RAW;
create database if not exists ANALYTICS;
create role if not exists TRANSFORMER;
create role if not exists REPORTER;
create role if not exists AUDITOR;
create warehouse if not exists TRANSFORM_WH;
create warehouse if not exists LARGE_WH;
create schema if not exists RAW.SHOP;
create or replace table RAW.SHOP.ORDERS
    (order_id number, shop_id number, amount number(12, 2), payload object,
     placed_at timestamp_tz, updated_at timestamp_tz)
"""
ORDER = (
    'insert into RAW.SHOP.ORDERS select {id}, {shop}, {amount}, parse_json(\'{{"status": "{status}"}}\'), '
    "dateadd(day, -{days}, current_timestamp()), dateadd(minute, -{minutes}, current_timestamp())"
)


class Dbt:
    """The dbt command line over the project, with its files kept out of the repository."""

    def __init__(self, server: Standin, state: Path):
        self.server, self.state = server, state

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "REQUESTS_CA_BUNDLE": str(self.server.ca_bundle),
            "WAREHOUSE_PORT": str(self.server.port),
            "DBT_PROFILES_DIR": str(PROJECT),
            "DBT_TARGET_PATH": str(self.state / "target"),
            "DBT_LOG_PATH": str(self.state / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        first_day = (TODAY - datetime.timedelta(days=3)).isoformat()
        command = [str(Path(sys.executable).parent / "dbt"), *arguments, "--vars", json.dumps({"first_day": first_day})]
        return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)

    def build(self) -> None:
        """Build everything; fails with dbt's own words."""
        done = self("build")
        assert done.returncode == 0, done.stdout[-4000:]
        results = json.loads((self.state / "target" / "run_results.json").read_text())["results"]
        states = {result["status"] for result in results}
        assert len(results) >= 24
        assert states <= {"success", "pass"}, [
            r["unique_id"] for r in results if r["status"] not in {"success", "pass"}
        ]


@pytest.fixture(scope="module")
def admin(server: Standin) -> Iterator[SnowflakeConnection]:
    with connect(server, role="ACCOUNTADMIN") as connection:
        connection.cursor().execute(SOURCE, num_statements=0)
        for number, shop, amount, days in ((1, 7, "10.10", 2), (2, 7, "0.20", 1), (3, 8, "5", 1)):
            order = {"id": number, "shop": shop, "amount": amount, "status": "placed", "days": days, "minutes": 90}
            rows(connection, ORDER.format(**order))
        yield connection


@pytest.fixture(scope="module")
def dbt(server: Standin, admin: SnowflakeConnection, tmp_path_factory: pytest.TempPathFactory) -> Dbt:
    """The project built, its data changed, and built again."""
    command = Dbt(server, tmp_path_factory.mktemp("dbt"))
    command.build()
    rows(
        admin,
        'update RAW.SHOP.ORDERS set amount = 7.77, payload = parse_json(\'{"status": "refunded"}\'), '
        "updated_at = current_timestamp() where order_id = 2",
    )
    rows(admin, ORDER.format(id=4, shop=7, amount="1.05", status="placed", days=0, minutes=0))
    command.build()
    return command


@pytest.mark.parametrize("model", ["orders_merged", "orders_replaced", "orders_by_batch"])
def test_incremental_models_take_over_changes_and_hold_each_order_once(
    dbt: Dbt, admin: SnowflakeConnection, model: str
) -> None:
    expected = [(1, Decimal("10.10")), (2, Decimal("7.77")), (3, Decimal("5.00")), (4, Decimal("1.05"))]
    assert rows(admin, f"select order_id, amount from {SCHEMA}.{model} order by 1") == expected


def test_append_adds_what_is_new_and_nothing_else(dbt: Dbt, admin: SnowflakeConnection) -> None:
    found = rows(admin, f"select order_id, count(*) from {SCHEMA}.orders_appended group by 1 order by 1")
    assert found == [(1, 1), (2, 2), (3, 1), (4, 1)]


@pytest.mark.parametrize("snapshot", ["orders_by_timestamp", "orders_by_check"])
def test_snapshots_keep_the_old_version_of_a_changed_order(dbt: Dbt, admin: SnowflakeConnection, snapshot: str) -> None:
    found = rows(admin, f"select order_id, status, dbt_valid_to is null from {SCHEMA}.{snapshot} order by 1, 3")
    assert found == [
        (1, "placed", True),
        (2, "placed", False),
        (2, "refunded", True),
        (3, "placed", True),
        (4, "placed", True),
    ]


def test_tables_are_built_with_the_models_warehouse_and_the_profiles_role(dbt: Dbt, admin: SnowflakeConnection) -> None:
    assert rows(admin, f"select distinct built_by, built_on from {SCHEMA}.daily_sales") == [("TRANSFORMER", "LARGE_WH")]
    assert value(admin, f"select sum(sales) from {SCHEMA}.daily_sales") == Decimal("23.92")


def test_grants_are_exactly_those_of_the_model_after_every_build(dbt: Dbt, admin: SnowflakeConnection) -> None:
    found = {(g["privilege"], g["grantee_name"]) for g in listed(admin, f"show grants on table {SCHEMA}.daily_sales")}
    assert found == {("SELECT", "REPORTER"), ("SELECT", "AUDITOR")}


def test_docs_are_persisted_with_their_apostrophes(dbt: Dbt, admin: SnowflakeConnection) -> None:
    tables = dict(
        rows(admin, "select table_name, comment from ANALYTICS.information_schema.tables where comment <> ''")
    )
    assert tables["DAILY_SALES"] == "Sales per day; don't sum orders' shops"
    assert tables["STG_ORDERS"].endswith("it's a view")
    columns = dict(
        rows(admin, "select table_name || '.' || column_name, comment from ANALYTICS.information_schema.columns")
    )
    assert columns["DAILY_SALES.SALES"] == "Exact to the cent, it's money"
    assert columns["STG_ORDERS.STATUS"] == "What's become of it"


def test_seeds_keep_leading_zeros_quotes_and_nulls(dbt: Dbt, admin: SnowflakeConnection) -> None:
    found = rows(admin, f"select code, name, population from {SCHEMA}.countries order by 1")
    assert found == [
        ("007", "Côte d'Ivoire", 29389150),
        ("023", "Bonaire, Sint Eustatius", 25133),
        ("112", 'The "Low" Countries', None),
    ]


def test_hooks_ran_once_per_build(dbt: Dbt, admin: SnowflakeConnection) -> None:
    assert value(admin, f"select count(*) from {SCHEMA}.hook_log where node = 'daily_sales'") == 2


def test_no_temporary_object_is_left_behind(dbt: Dbt, admin: SnowflakeConnection) -> None:
    names = [row["name"] for row in listed(admin, f"show objects in {SCHEMA}")]
    assert [name for name in names if "__DBT" in name.upper()] == []


def test_a_contracted_table_has_the_types_it_promised(dbt: Dbt, admin: SnowflakeConnection) -> None:
    types = {row["name"]: row["type"] for row in listed(admin, f"describe table {SCHEMA}.shop_totals")}
    assert types == {
        "SHOP_ID": "NUMBER(38,0)",
        "SALES": "NUMBER(38,2)",
        "LAST_ORDER_AT": "TIMESTAMP_TZ(9)",
        "CLOSED_AT": "TIMESTAMP_NTZ(9)",
    }


def test_freshness_and_docs_work(dbt: Dbt) -> None:
    fresh = dbt("source", "freshness")
    assert fresh.returncode == 0, fresh.stdout[-2000:]
    generated = dbt("docs", "generate")
    assert generated.returncode == 0, generated.stdout[-2000:]
    catalog = json.loads((dbt.state / "target" / "catalog.json").read_text())
    assert {"ORDER_ID", "STATUS"} <= set(catalog["nodes"]["model.contract.stg_orders"]["columns"])


def test_a_failing_test_stores_its_rows_and_a_failing_model_names_its_error(
    dbt: Dbt, admin: SnowflakeConnection
) -> None:
    rows(admin, ORDER.format(id=5, shop=9, amount="-1", status="placed", days=0, minutes=0))
    failed = dbt("build", "--select", "daily_sales", "--store-failures")
    assert failed.returncode == 1
    assert "assert_no_negative_sales" in failed.stdout
    rows(admin, "delete from RAW.SHOP.ORDERS where order_id = 5")
    rows(admin, "alter table RAW.SHOP.ORDERS rename to RAW.SHOP.HIDDEN")
    try:
        failed = dbt("run", "--select", "stg_orders")
        assert "Object 'RAW.SHOP.ORDERS' does not exist or not authorized" in failed.stdout
    finally:
        rows(admin, "alter table RAW.SHOP.HIDDEN rename to RAW.SHOP.ORDERS")
