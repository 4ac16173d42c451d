"""The whole world as a function of a moment: for each table, the rows that changed between two moments.

The first load is "since ages ago", a tick is "since the last tick", and catching up after a week of downtime is the
same again. One function for all three is why they cannot disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from local.world.catalogue import Catalogue
from local.world.dataset import Dataset
from local.world.draws import Draws
from local.world.ledger import Ledger
from local.world.orders import Orders
from local.world.shops import Shops
from local.world.timeline import Timeline

Changes = Callable[[int, int], Iterator[pa.Table]]


@dataclass(frozen=True)
class TableChanges:
    """A table, its key, whether its rows change after their creation, and how to compute what changed."""

    name: str
    key: str
    mutable: bool
    between: Changes


def tables(dataset: Dataset, draws: Draws, timeline: Timeline, orders: Orders) -> list[TableChanges]:
    """All tables, those that are referred to first."""
    shops = Shops(dataset, draws, timeline)
    catalogue = Catalogue(dataset, draws, timeline)
    ledger = Ledger(orders, draws, timeline)
    return [
        TableChanges("public.shops", "shop_id", True, shops.changed_shops),
        TableChanges("public.plans", "plan_id", False, shops.changed_plans),
        TableChanges("public.subscriptions", "subscription_id", True, shops.changed_subscriptions),
        TableChanges("public.buyers", "buyer_id", False, catalogue.changed_buyers),
        TableChanges("public.products", "product_id", True, catalogue.changed_products),
        TableChanges("public.orders", "order_id", True, orders.changed_orders),
        TableChanges("public.order_lines", "order_line_id", False, orders.changed_lines),
        TableChanges("payments.charges", "id", True, ledger.changed_charges),
        TableChanges("payments.refunds", "id", False, ledger.changed_refunds),
        TableChanges("payments.payouts", "id", False, ledger.changed_payouts),
        TableChanges("payments.balance_transactions", "id", False, ledger.changed_balance_transactions),
    ]
