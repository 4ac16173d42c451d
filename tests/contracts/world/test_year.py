"""A whole year: no line of the data is lost or doubled, and then it begins again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.contracts.world.conftest import START, MakeWorld, World

pytestmark = pytest.mark.slow

CYCLE_STEP = 10**12


@pytest.fixture(scope="module")
def world(make_shared_world: MakeWorld) -> World:
    """The year from its first day, the clock moved past its end."""
    world = make_shared_world(days=365)
    world.clock(now=(START + timedelta(days=35)).isoformat())
    return world


def test_the_base_year_holds_exactly_the_lines_of_the_data(world: World) -> None:
    base = "where order_line_id < %s"
    assert world.value(f"select count(*) from order_lines {base}", CYCLE_STEP) == 1_469_307
    # 11,226 zeros in the package, and 20 residues of binary fractions (below 1e-14 dollars), which are no cent either.
    zero_sales = 11_226 + 20
    assert world.value(f"select count(*) from order_lines {base} and sales_value = 0", CYCLE_STEP) == zero_sales
    assert world.value(f"select count(*) from order_lines {base} and quantity = 0", CYCLE_STEP) == 8_869
    assert world.value(f"select max(quantity) from order_lines {base}", CYCLE_STEP) == 89_638
    assert (
        world.value(
            f"select count(*) from order_lines left join products p using (product_id) {base} and p.product_id is null",
            CYCLE_STEP,
        )
        == 4_836
    )
    assert world.value("select count(*) from orders where order_id < %s", CYCLE_STEP) == 155_848
    assert world.sql(
        "select (select count(*) from shops), (select count(*) from buyers), (select count(*) from products)"
    ) == [(457, 2_469, 92_331)]


def test_every_day_and_shop_of_the_year_and_beyond_equals_the_data(world: World) -> None:
    found = world.sql(
        """select o.placed_at::date::text, o.shop_id::text, count(distinct o.order_id)::text, count(*)::text,
                  sum(l.sales_value)::text
           from orders o join order_lines l using (order_id) group by o.placed_at::date, o.shop_id"""
    )
    assert sorted(found) == sorted(world.expected("day,shop"))


def test_the_year_begins_again_under_new_identifiers(world: World) -> None:
    again = world.sql(
        """select n.shop_id = b.shop_id and n.buyer_id = b.buyer_id and n.total_amount = b.total_amount
                  and n.placed_at = b.placed_at + interval '364 days'
           from orders n left join orders b on b.order_id = n.order_id - %s where n.order_id >= %s""",
        CYCLE_STEP,
        CYCLE_STEP,
    )
    assert len(again) > 1_000
    assert set(again) == {(True,)}
    orders = "select count(*) from orders where placed_at > %s and total_amount > 0"
    charges = "select count(*) from payments.charges where created > %s"
    recently = START + timedelta(days=30)
    assert abs(world.value(orders, recently) - world.value(charges, int(recently.timestamp()))) <= 5
    completed = [
        event
        for event in world.events(recently, START + timedelta(days=35))
        if event["event_type"] == "order_completed" and event["event_properties"]["order_id"] >= CYCLE_STEP
    ]
    assert completed
