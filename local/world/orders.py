"""Orders and their lives: placed, fulfilled or cancelled, sometimes refunded.

A basket of the data is an order. What happens to it afterwards is drawn by its id, so that `updated_at` moves the way
it does in a shop: hours later for most, days later for refunds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from local.world import columns
from local.world.dataset import Dataset
from local.world.draws import Draws
from local.world.timeline import CYCLE_ID_STEP, CYCLE_SECONDS, DAY, NEVER, Timeline

CANCELLED_SHARE = 0.015
REFUNDED_IN_FULL_SHARE = 0.018
REFUNDED_IN_PART_SHARE = 0.012
LONGEST_LIFE = 20 * DAY

_FATES = np.cumsum([CANCELLED_SHARE, REFUNDED_IN_FULL_SHARE, REFUNDED_IN_PART_SHARE])

STATUSES = ("placed", "fulfilled", "cancelled", "refunded", "partially_refunded")
PLACED, FULFILLED, CANCELLED, REFUNDED, PARTIALLY_REFUNDED = range(5)

_LINES_PER_BATCH = 200_000


@dataclass(frozen=True)
class OrderBook:
    """All orders of one cycle; moments in data seconds (NEVER where none comes), money in cents."""

    cycle: int
    order_id: NDArray[np.int64]
    shop_id: NDArray[np.int64]
    buyer_id: NDArray[np.int64]
    total: NDArray[np.int64]
    placed: NDArray[np.int64]
    charged: NDArray[np.int64]
    fulfilled: NDArray[np.int64]
    cancelled: NDArray[np.int64]
    refunded: NDArray[np.int64]
    refund: NDArray[np.int64]

    def last_change(self, until: int) -> NDArray[np.int64]:
        """The moment of each order's latest change that is not after `until`."""
        latest = self.placed.copy()
        for moments in (self.fulfilled, self.cancelled, self.refunded):
            np.maximum(latest, moments, out=latest, where=moments <= until)
        return latest

    def status(self, until: int) -> NDArray[np.int8]:
        """Each order's status at `until`, as an index into STATUSES."""
        status = np.full(len(self.order_id), PLACED, dtype=np.int8)
        status[self.fulfilled <= until] = FULFILLED
        returned = self.refunded <= until
        status[returned] = np.where(self.refund < self.total, PARTIALLY_REFUNDED, REFUNDED)[returned]
        status[self.cancelled <= until] = CANCELLED
        return status


class Orders:
    """The orders of all cycles, as tables of what changed between two moments."""

    def __init__(self, dataset: Dataset, draws: Draws, timeline: Timeline) -> None:
        self._dataset = dataset
        self._draws = draws
        self._timeline = timeline
        self.book = lru_cache(maxsize=3)(self._book)

    def books(self, after: int, until: int) -> Iterator[OrderBook]:
        """The books in which something may happen in (after, until]."""
        placed = self._dataset.baskets.placed
        after = max(after, self._timeline.history_start)
        first = max((after - LONGEST_LIFE - int(placed[-1])) // CYCLE_SECONDS + 1, 0)
        last = max((until - int(placed[0])) // CYCLE_SECONDS, 0)
        for cycle in range(first, last + 1):
            yield self.book(cycle)

    def changed_orders(self, after: int, until: int) -> Iterator[pa.Table]:
        """Orders created or changed in (after, until], as they are at `until`."""
        for book in self.books(after, until):
            changed = book.last_change(until)
            due = (changed > after) & (book.placed <= until) & (book.placed >= self._timeline.history_start)
            rows = np.flatnonzero(due)
            if len(rows):
                yield self._order_rows(book, rows, changed[rows], until)

    def changed_lines(self, after: int, until: int) -> Iterator[pa.Table]:
        """Lines of the orders placed in (after, until], in batches; a line never changes."""
        lines, first_line = self._dataset.lines, self._dataset.baskets.first_line
        for book in self.books(after, until):
            begin, end = self.placed_between(book, after, until)
            for low in range(int(first_line[begin]), int(first_line[end]), _LINES_PER_BATCH):
                rows = np.arange(low, min(low + _LINES_PER_BATCH, int(first_line[end])))
                order = np.searchsorted(first_line, rows, side="right") - 1
                placed = columns.moments(book.placed[order], self._timeline.offset)
                yield pa.table(
                    {
                        "order_line_id": columns.integers(rows + 1 + book.cycle * CYCLE_ID_STEP),
                        "order_id": columns.integers(book.order_id[order]),
                        "product_id": columns.integers(lines.product_id[rows]),
                        "quantity": columns.integers(lines.quantity[rows]),
                        "sales_value": columns.money(lines.sales[rows]),
                        "retail_discount": columns.money(lines.retail_discount[rows]),
                        "coupon_discount": columns.money(lines.coupon_discount[rows]),
                        "coupon_match_discount": columns.money(lines.coupon_match_discount[rows]),
                        "created_at": placed,
                        "updated_at": placed,
                    }
                )

    def placed_between(self, book: OrderBook, after: int, until: int) -> tuple[int, int]:
        """Begin and end of the run of orders placed in (after, until] and not before the history."""
        after = max(after, self._timeline.history_start - 1)
        begin = int(np.searchsorted(book.placed, after, side="right"))
        return begin, max(begin, int(np.searchsorted(book.placed, until, side="right")))

    def _order_rows(self, book: OrderBook, rows: NDArray[np.int64], changed: NDArray[np.int64], until: int) -> pa.Table:
        def reached(moments: NDArray[np.int64]) -> pa.Array:
            return columns.moments(np.where(moments[rows] <= until, moments[rows], NEVER), self._timeline.offset)

        placed = columns.moments(book.placed[rows], self._timeline.offset)
        return pa.table(
            {
                "order_id": columns.integers(book.order_id[rows]),
                "shop_id": columns.integers(book.shop_id[rows]),
                "buyer_id": columns.integers(book.buyer_id[rows]),
                "status": columns.choices(STATUSES, book.status(until)[rows]),
                "currency": columns.choices(("USD",), np.zeros(len(rows), dtype=np.int8)),
                "total_amount": columns.money(book.total[rows]),
                "refunded_amount": columns.money(np.where(book.refunded <= until, book.refund, 0)[rows]),
                "placed_at": placed,
                "fulfilled_at": reached(book.fulfilled),
                "cancelled_at": reached(book.cancelled),
                "refunded_at": reached(book.refunded),
                "created_at": placed,
                "updated_at": columns.moments(changed, self._timeline.offset),
            }
        )

    def _book(self, cycle: int) -> OrderBook:
        baskets, draws = self._dataset.baskets, self._draws
        ids = baskets.basket_id + cycle * CYCLE_ID_STEP
        placed = baskets.placed + cycle * CYCLE_SECONDS
        paid = baskets.total > 0

        fate = np.searchsorted(_FATES, draws.unit("order/outcome", ids), side="right")
        is_cancelled = fate == 0
        is_full = (fate == 1) & paid
        is_part = (fate == 2) & (baskets.total > 1)  # one cent cannot be refunded in part

        cancelled = np.where(is_cancelled, placed + draws.between("order/cancel", ids, 300, 8 * 3600), NEVER)
        fulfilled = np.where(is_cancelled, NEVER, placed + draws.between("order/fulfil", ids, 2 * 3600, 60 * 3600))
        returned = fulfilled + draws.between("order/return", ids, DAY, 14 * DAY)
        refunded = np.where(is_full | is_part, returned, np.where(is_cancelled & paid, cancelled, NEVER))
        part = (baskets.total * (0.1 + 0.8 * draws.unit("order/refund", ids))).astype(np.int64)
        part = np.clip(part, 1, baskets.total - 1)
        return OrderBook(
            cycle=cycle,
            order_id=ids,
            shop_id=baskets.store_id,
            buyer_id=baskets.household_id,
            total=baskets.total,
            placed=placed,
            charged=np.where(paid, placed + draws.between("charge/delay", ids, 2, 90), NEVER),
            fulfilled=fulfilled,
            cancelled=cancelled,
            refunded=refunded,
            refund=np.where(is_part, part, np.where(refunded < NEVER, baskets.total, 0)),
        )
