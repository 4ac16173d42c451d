"""The numbers in the marts are those of the package's own data, to the cent, after any kind of run."""

from __future__ import annotations

import hashlib
from decimal import Decimal

import pytest

from tests.integration.stack import Stack

pytestmark = pytest.mark.stack

TABLES = (
    "fct_orders",
    "fct_order_lines",
    "fct_payments",
    "fct_refunds",
    "fct_visits",
    "fct_shop_days",
    "fct_business_days",
)


@pytest.fixture(scope="module")
def frozen(stack: Stack) -> Stack:
    """The stack with its clock stopped and everything that happened until then loaded and built."""
    stack.clock(freeze=True)
    stack.run_everything()
    return stack


def contents(stack: Stack) -> dict[str, str]:
    """A hash of every mart's rows, without the column that says when a row was loaded."""
    found = {}
    for table in TABLES:
        columns = stack.query(
            "select column_name from ANALYTICS.information_schema.columns "
            f"where table_schema = 'MARTS' and table_name = '{table.upper()}' and column_name <> 'LOADED_AT' order by 1"
        )
        names = ", ".join(name for (name,) in columns)
        rows = sorted(map(repr, stack.query(f"select {names} from ANALYTICS.MARTS.{table}")))
        found[table] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return found


def test_orders_and_sales_per_shop_and_day_are_those_of_the_package(frozen: Stack) -> None:
    expected = {
        (row["day"], int(row["shop_id"])): (int(row["orders"]), int(row["lines"]), Decimal(row["sales"]))
        for row in frozen.expected("day,shop")
    }
    found = {
        (day.isoformat(), int(shop)): (int(orders), int(lines), Decimal(str(sales)))
        for day, shop, orders, lines, sales in frozen.query(
            "select date_day, shop_id, orders, order_lines, sales from ANALYTICS.MARTS.FCT_SHOP_DAYS where orders > 0"
        )
    }
    assert len(expected) > 1000
    assert found == expected


def test_business_days_add_up_to_the_package(frozen: Stack) -> None:
    expected = {row["day"]: (int(row["orders"]), Decimal(row["sales"])) for row in frozen.expected("day")}
    found = {
        day.isoformat(): (int(orders), Decimal(str(sales)))
        for day, orders, sales in frozen.query(
            "select date_day, orders, sales from ANALYTICS.MARTS.FCT_BUSINESS_DAYS where orders > 0"
        )
    }
    assert found == expected


def test_payments_reconcile_to_orders_to_the_cent(frozen: Stack) -> None:
    # A charge follows its order by up to 90 seconds.
    different = frozen.query(
        "select o.order_id, o.total_amount, sum(p.amount) from ANALYTICS.MARTS.FCT_ORDERS o "
        "left join ANALYTICS.MARTS.FCT_PAYMENTS p on p.order_id = o.order_id "
        "where o.placed_at < (select dateadd(minute, -2, max(placed_at)) from ANALYTICS.MARTS.FCT_ORDERS) "
        "group by 1, 2 having o.total_amount <> coalesce(sum(p.amount), 0)"
    )
    assert different == []
    ((charges,),) = frozen.query("select count(*) from ANALYTICS.MARTS.FCT_PAYMENTS")
    assert charges > 10_000


def test_refunds_reconcile_to_orders_to_the_cent(frozen: Stack) -> None:
    different = frozen.query(
        "select o.order_id, o.refunded_amount, sum(r.amount) from ANALYTICS.MARTS.FCT_ORDERS o "
        "left join ANALYTICS.MARTS.FCT_REFUNDS r on r.order_id = o.order_id "
        "group by 1, 2 having o.refunded_amount <> coalesce(sum(r.amount), 0)"
    )
    assert different == []
    ((refunds,),) = frozen.query("select count(*) from ANALYTICS.MARTS.FCT_REFUNDS")
    assert refunds > 100


def test_every_order_has_the_visit_that_made_it(frozen: Stack) -> None:
    ((orders, without),) = frozen.query(
        "select count(*), count_if(completions <> 1) from ANALYTICS.INTERMEDIATE.INT_ORDERS_RECONCILED "
        "where is_completion_due"
    )
    assert orders > 10_000
    assert without == 0


@pytest.mark.slow
def test_a_run_repeated_three_times_changes_nothing(frozen: Stack) -> None:
    before = contents(frozen)
    for _ in range(3):
        frozen.run_everything()
    assert contents(frozen) == before


@pytest.mark.slow
def test_the_second_sync_moves_only_what_is_new_or_changed(frozen: Stack) -> None:
    frozen.clock(advance_seconds=2 * 3600)
    run = frozen.run("storefront_hourly")
    moved = moved_rows(frozen, "storefront_hourly", run["dag_run_id"])
    ((orders,),) = frozen.query("select count(*) from RAW.STOREFRONT.ORDERS")
    assert 0 < moved["orders"] < orders / 20
    # A cursor takes rows of its last instant again, never the whole table.
    ((products,),) = frozen.query("select count(*) from RAW.STOREFRONT.PRODUCTS")
    assert moved["products"] < products / 100
    assert moved["plans"] <= 5
    frozen.run_everything()
    test_orders_and_sales_per_shop_and_day_are_those_of_the_package(frozen)


def moved_rows(stack: Stack, dag_id: str, run_id: str) -> dict[str, int]:
    """Rows that a sync moved, by stream, as its asset events say."""
    events = stack.api.call(
        "GET", "/assets/events", params={"source_dag_id": dag_id, "limit": 100, "order_by": "-timestamp"}
    )
    return {
        event["name"].rpartition(".")[2]: int(event["extra"]["rows"])
        for event in events["asset_events"]
        if event["source_run_id"] == run_id and event["name"].startswith("raw.")
    }
