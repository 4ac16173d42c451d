"""Shops, the plans they can be on, and their subscriptions.

The data knows a store by its number alone, so its name, city, opening and plan are drawn from the number. Over time a
few shops rename themselves and a few change plan: the old subscription ends in the second the new one starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from local.world import columns
from local.world.catalogue import Edits, first_uses, introduced, quarters
from local.world.dataset import Dataset
from local.world.draws import Draws
from local.world.shop_names import CITIES, shop_name, slug
from local.world.timeline import DATA_FIRST_DAY, DAY, NEVER, Timeline


class Plan(NamedTuple):
    """What a shop pays: a price per month and a fee per order."""

    plan_id: str
    name: str
    monthly_cents: int
    fee_basis_points: int


PLANS = (
    Plan("sketch", "Sketch", 0, 500),
    Plan("studio", "Studio", 19_00, 300),
    Plan("atelier", "Atelier", 49_00, 200),
    Plan("gallery", "Gallery", 149_00, 100),
)
RENAMES_PER_QUARTER = 0.04
PLAN_CHANGES_PER_QUARTER = 0.06

_PLANS_PUBLISHED = DATA_FIRST_DAY - 1_400 * DAY
_SUBSCRIPTIONS_PER_SHOP = 1_000
_STATUSES = ("onboarding", "active")


class Shops:
    """Shops, plans and subscriptions, as tables of what changed between two moments."""

    def __init__(self, dataset: Dataset, draws: Draws, timeline: Timeline) -> None:
        self._timeline, self._draws = timeline, draws
        self._shop_id = np.unique(dataset.baskets.store_id)
        first_order = first_uses(self._shop_id, dataset.baskets.store_id, dataset.baskets.placed)
        self._opened = introduced(draws, "shop/opened", self._shop_id, first_order)
        self._activated = self._opened + draws.between("shop/activated", self._shop_id, 14 * DAY, 45 * DAY)
        self._renames = Edits(draws, "shop/rename", self._shop_id, self._opened, RENAMES_PER_QUARTER)
        self._plan_changes = Edits(draws, "shop/plan", self._shop_id, self._opened, PLAN_CHANGES_PER_QUARTER)
        self._city = draws.between("shop/city", self._shop_id, 0, len(CITIES) - 1)

    def changed_shops(self, after: int, until: int) -> Iterator[pa.Table]:
        """Shops opened, activated or renamed in (after, until], as they are at `until`."""
        renames, changed = self._renames.until(until)
        active = self._activated <= until
        np.maximum(changed, self._activated, out=changed, where=active)
        rows = np.flatnonzero((changed > after) & (self._opened <= until))
        if not len(rows):
            return
        opened = columns.moments(self._opened[rows], self._timeline.offset)
        city, state = zip(*(CITIES[place] for place in self._city[rows]), strict=True)
        yield pa.table(
            {
                "shop_id": columns.integers(self._shop_id[rows]),
                "name": columns.text([shop_name(int(row), int(renames[row])) for row in rows]),
                "slug": columns.text([slug(shop_name(int(row), 0)) for row in rows]),
                "city": columns.text(city),
                "state": columns.text(state),
                "country": columns.text(["US"] * len(rows)),
                "status": columns.choices(_STATUSES, active[rows].astype(np.int8)),
                "opened_at": opened,
                "created_at": opened,
                "updated_at": columns.moments(changed[rows], self._timeline.offset),
            }
        )

    def changed_plans(self, after: int, until: int) -> Iterator[pa.Table]:
        """The plans, once: they were published before all else and never change."""
        if not after < _PLANS_PUBLISHED <= until:
            return
        published = columns.moments(np.full(len(PLANS), _PLANS_PUBLISHED), self._timeline.offset)
        yield pa.table(
            {
                "plan_id": columns.text([plan.plan_id for plan in PLANS]),
                "name": columns.text([plan.name for plan in PLANS]),
                "monthly_price": columns.decimals(np.array([plan.monthly_cents for plan in PLANS]), 10, 2),
                "transaction_fee_rate": columns.decimals(np.array([plan.fee_basis_points for plan in PLANS]), 6, 4),
                "created_at": published,
                "updated_at": published,
            }
        )

    def changed_subscriptions(self, after: int, until: int) -> Iterator[pa.Table]:
        """Subscriptions started or ended in (after, until], as they are at `until`."""
        parts = self._subscription_parts(until)
        shop, number, plan, started, ended = (np.concatenate(part) for part in zip(*parts, strict=True))
        ended = np.where(ended <= until, ended, NEVER)
        changed = np.where(ended < NEVER, ended, started)
        rows = np.flatnonzero((started <= until) & (changed > after))
        if not len(rows):
            return
        begun = columns.moments(started[rows], self._timeline.offset)
        yield pa.table(
            {
                "subscription_id": columns.integers(self._shop_id[shop[rows]] * _SUBSCRIPTIONS_PER_SHOP + number[rows]),
                "shop_id": columns.integers(self._shop_id[shop[rows]]),
                "plan_id": columns.choices([plan.plan_id for plan in PLANS], plan[rows]),
                "status": columns.choices(("active", "ended"), (ended[rows] < NEVER).astype(np.int8)),
                "started_at": begun,
                "ended_at": columns.moments(ended[rows], self._timeline.offset),
                "created_at": begun,
                "updated_at": columns.moments(changed[rows], self._timeline.offset),
            }
        )

    def _subscription_parts(self, until: int) -> list[tuple[NDArray[np.integer], ...]]:
        """(shop row, number within the shop, plan, started, ended) of every subscription begun up to `until`."""
        everyone = np.arange(len(self._shop_id))
        number = np.ones(len(everyone), dtype=np.int64)
        started = self._opened.copy()
        plan = np.searchsorted([0.45, 0.8, 0.95], self._draws.unit("shop/first-plan", self._shop_id), side="right")
        parts: list[tuple[NDArray[np.integer], ...]] = []
        for quarter in range(quarters(until)):
            moment = self._plan_changes.in_quarter(quarter)
            leaves = np.flatnonzero(moment <= until)
            parts.append((everyone[leaves], number[leaves], plan[leaves], started[leaves], moment[leaves]))
            keys = self._shop_id[leaves] * 4096 + quarter
            plan[leaves] = (plan[leaves] + self._draws.between("shop/next-plan", keys, 1, len(PLANS) - 1)) % len(PLANS)
            number[leaves] += 1
            started[leaves] = moment[leaves]
        parts.append((everyone, number, plan, started, np.full(len(everyone), NEVER)))
        return parts
