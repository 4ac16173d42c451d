"""Products and buyers: the slowly changing rows that orders point to.

Both take their attributes from the data as they are, gaps included. When a row came into being is derived from its
first use, and a few listings are revised every day, so that these tables move between syncs too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from local.world import columns
from local.world.dataset import Dataset
from local.world.draws import Draws
from local.world.timeline import DATA_FIRST_DAY, DAY, NEVER, WEEK, Timeline

QUARTER = 13 * WEEK
PRODUCT_REVISIONS_PER_QUARTER = 0.03

_WARM_UP = 8 * WEEK
_LONGEST_LEAD = 1_200 * DAY

_BUYER_ATTRIBUTES = {
    "age_band": "age",
    "income_band": "income",
    "home_ownership": "home_ownership",
    "marital_status": "marital_status",
    "household_size": "household_size",
    "household_composition": "household_comp",
    "kids_count": "kids_count",
}


def introduced(draws: Draws, purpose: str, ids: NDArray[np.int64], first_use: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each id came into being: shortly before its first use, or in the years before the data begins.

    What is used in the data's first weeks existed before: the data was cut off there, it did not open there.
    """
    long_before = DATA_FIRST_DAY - 1 - (draws.unit(purpose, ids) * _LONGEST_LEAD).astype(np.int64)
    shortly_before = first_use - draws.between(f"{purpose}/lead", ids, 3600, 21 * DAY)
    is_new = (first_use >= DATA_FIRST_DAY + _WARM_UP) & (first_use < NEVER)
    return np.where(is_new, shortly_before, long_before)


def first_uses(ids: NDArray[np.int64], used: NDArray[np.integer], moments: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first moment each of the sorted ids is used, NEVER if it is not; `moments` must ascend."""
    known, first = np.unique(used, return_index=True)
    result = np.full(len(ids), NEVER, dtype=np.int64)
    here = np.isin(ids, known)
    result[here] = moments[first[np.searchsorted(known, ids[here])]]
    return result


class Edits:
    """At most one edit per row and quarter, at a drawn moment."""

    def __init__(self, draws: Draws, purpose: str, ids: NDArray[np.int64], created: NDArray[np.int64], share: float):
        self._draws, self._purpose, self._share = draws, purpose, share
        self._ids, self._created = ids, created
        self.in_quarter = lru_cache(maxsize=16)(self._in_quarter)

    def until(self, until: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """How often each row was edited up to `until`, and its last change (its creation if there was none)."""
        count = np.zeros(len(self._ids), dtype=np.int64)
        last = self._created.copy()
        for quarter in range(quarters(until)):
            moments = self.in_quarter(quarter)
            count += moments <= until
            np.maximum(last, moments, out=last, where=moments <= until)
        return count, last

    def _in_quarter(self, quarter: int) -> NDArray[np.int64]:
        keys = self._ids * 4096 + quarter
        moments = DATA_FIRST_DAY + quarter * QUARTER + self._draws.between(self._purpose, keys, 0, QUARTER - 1)
        happens = (self._draws.unit(f"{self._purpose}/happens", keys) < self._share) & (moments > self._created)
        return np.where(happens, moments, NEVER)


def quarters(until: int) -> int:
    """How many quarters of the data's calendar have begun at `until`."""
    return max((until - DATA_FIRST_DAY) // QUARTER + 1, 0)


class Catalogue:
    """Products and buyers, as tables of what changed between two moments."""

    def __init__(self, dataset: Dataset, draws: Draws, timeline: Timeline) -> None:
        self._timeline = timeline
        baskets = dataset.baskets
        self._products = dataset.products.sort_by("product_id")
        self._product_id = columns.numbers(self._products["product_id"])
        sold = np.repeat(baskets.placed, np.diff(baskets.first_line))
        first_sale = first_uses(self._product_id, dataset.lines.product_id, sold)
        self._listed = introduced(draws, "product/listed", self._product_id, first_sale)
        self._revisions = Edits(
            draws, "product/revision", self._product_id, self._listed, PRODUCT_REVISIONS_PER_QUARTER
        )

        self._buyer_id = np.unique(baskets.household_id)
        first_order = first_uses(self._buyer_id, baskets.household_id, baskets.placed)
        self._joined = introduced(draws, "buyer/joined", self._buyer_id, first_order)
        self._buyers = _attributes(dataset.demographics, self._buyer_id)

    def changed_products(self, after: int, until: int) -> Iterator[pa.Table]:
        """Products listed or revised in (after, until], as they are at `until`."""
        revisions, changed = self._revisions.until(until)
        rows = np.flatnonzero((changed > after) & (self._listed <= until))
        if len(rows):
            table = self._products.take(columns.integers(rows))
            yield pa.table(
                {
                    "product_id": table["product_id"],
                    "manufacturer_id": table["manufacturer_id"],
                    "department": table["department"],
                    "brand": table["brand"],
                    "category": table["product_category"],
                    "product_type": table["product_type"],
                    "package_size": table["package_size"],
                    "revision": columns.integers(revisions[rows] + 1),
                    "created_at": columns.moments(self._listed[rows], self._timeline.offset),
                    "updated_at": columns.moments(changed[rows], self._timeline.offset),
                }
            )

    def changed_buyers(self, after: int, until: int) -> Iterator[pa.Table]:
        """Buyers who joined in (after, until]; a buyer never changes."""
        rows = np.flatnonzero((self._joined > after) & (self._joined <= until))
        if len(rows):
            joined = columns.moments(self._joined[rows], self._timeline.offset)
            yield (
                self._buyers.take(columns.integers(rows))
                .append_column("created_at", joined)
                .append_column("updated_at", joined)
            )


def _attributes(demographics: pa.Table, buyer_id: NDArray[np.int64]) -> pa.Table:
    """One row per buyer; the survey covers a third of them, the others have nulls."""
    surveyed = columns.numbers(demographics["household_id"])
    order = np.argsort(surveyed)
    at = np.clip(np.searchsorted(surveyed, buyer_id, sorter=order), 0, len(order) - 1)
    found = surveyed[order[at]] == buyer_id
    picks = columns.integers(order[at], valid=found)
    attributes = {ours: demographics[theirs].take(picks) for ours, theirs in _BUYER_ATTRIBUTES.items()}
    return pa.table({"buyer_id": columns.integers(buyer_id), **attributes})
