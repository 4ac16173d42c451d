"""What a day holds depends on the seed, never on how many days are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.contracts.world.conftest import START, MakeWorld, World

WHOLE = ("shops", "plans", "subscriptions", "buyers", "products")


@pytest.fixture(scope="module")
def short(make_shared_world: MakeWorld) -> World:
    return make_shared_world(days=7)


@pytest.fixture(scope="module")
def long(make_shared_world: MakeWorld) -> World:
    return make_shared_world(days=28)


@pytest.fixture(scope="module")
def since(short: World) -> datetime:
    return datetime.fromisoformat(short.clock()["history_start"])


def test_shared_days_hold_the_same_orders_and_lines(short: World, long: World, since: datetime) -> None:
    for table, moment in (("orders", "placed_at"), ("order_lines", "created_at")):
        query = f"select * from {table} where {moment} >= %s order by 1"
        rows = short.sql(query, since)
        assert rows == long.sql(query, since)
        assert len(rows) == short.value(f"select count(*) from {table}") < long.value(f"select count(*) from {table}")


def test_shared_days_hold_the_same_charges_and_refunds(short: World, long: World) -> None:
    charges = {charge["id"]: charge for charge in short.stripe_all("charges")}
    refunds = {refund["id"]: refund for refund in short.stripe_all("refunds")}
    shared = set(charges)
    assert {item["id"]: item for item in long.stripe_all("charges") if item["id"] in shared} == charges
    assert {item["id"]: item for item in long.stripe_all("refunds") if item["charge"] in shared} == refunds
    assert len(charges) > 1_000
    assert len(refunds) > 20


def test_shared_days_hold_the_same_events(short: World, long: World, since: datetime) -> None:
    def happened(world: World) -> dict[str, dict[str, Any]]:
        begin = since.strftime("%Y-%m-%d %H")
        return {event["uuid"]: event for event in world.events(since, START) if event["event_time"] >= begin}

    events = happened(short)
    assert len(events) > 10_000
    assert events == happened(long)


def test_what_orders_point_to_is_whole_in_every_window(short: World, long: World) -> None:
    ours, theirs = short.fingerprints(), long.fingerprints()
    assert {table: ours[f"public.{table}"] for table in WHOLE} == {table: theirs[f"public.{table}"] for table in WHOLE}


def test_another_seed_changes_fates_and_no_sales(short: World, make_shared_world: MakeWorld) -> None:
    other = make_shared_world(days=7, seed=1)
    sales = "select order_id, shop_id, buyer_id, total_amount, placed_at from orders order by 1"
    fates = "select order_id, status, updated_at from orders order by 1"
    assert other.sql(sales) == short.sql(sales)
    assert other.sql(fates) != short.sql(fates)
