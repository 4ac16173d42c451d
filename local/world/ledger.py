"""The payments service's books: charges, refunds, balance transactions and payouts, derived from the orders.

Amounts are whole cents, as Stripe counts. Nothing is rounded but the fee, so the books reconcile with the orders to
the cent.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from local.world import columns
from local.world.draws import Draws
from local.world.orders import OrderBook, Orders
from local.world.timeline import DAY, NEVER, Timeline

PAYOUT_DELAY_DAYS = 2
_CARD_BRANDS = ("visa", "visa", "visa", "mastercard", "mastercard", "amex", "discover")


def fee(amount: NDArray[np.int64]) -> NDArray[np.int64]:
    """2.9 % and 30 cents, rounded half up, never more than the amount."""
    return np.minimum((amount * 29 + 500) // 1000 + 30, amount)


def settle(nets: list[int]) -> list[int]:
    """The payout of each day: its net with what earlier days are short of; 0 where nothing is left to pay."""
    payouts, owed = [], 0
    for net in nets:
        payouts.append(max(net + owed, 0))
        owed = min(net + owed, 0)
    return payouts


class Ledger:
    """The payments tables as what changed between two moments."""

    def __init__(self, orders: Orders, draws: Draws, timeline: Timeline) -> None:
        self._orders, self._draws, self._timeline = orders, draws, timeline

    def changed_charges(self, after: int, until: int) -> Iterator[pa.Table]:
        """Charges created or refunded in (after, until], as they are at `until`."""
        for book in self._orders.books(after, until):
            refunded = book.refunded <= until
            changed = np.where(refunded, book.refunded, book.charged)
            rows = self._rows(book, (changed > after) & (book.charged <= until))
            if not len(rows):
                continue
            ids = book.order_id[rows]
            tokens = self._draws.tokens("charge/id", ids)
            last4 = self._draws.between("charge/last4", ids, 0, 9999)
            yield pa.table(
                {
                    "id": _ids("ch", tokens),
                    "created": columns.integers(book.charged[rows] + self._timeline.offset),
                    "amount": columns.integers(book.total[rows]),
                    "amount_refunded": columns.integers(np.where(refunded, book.refund, 0)[rows]),
                    "balance_transaction": _ids("txn", tokens),
                    "payment_intent": _ids("pi", tokens),
                    "order_id": columns.integers(ids),
                    "shop_id": columns.integers(book.shop_id[rows]),
                    "buyer_id": columns.integers(book.buyer_id[rows]),
                    "card_brand": columns.choices(
                        _CARD_BRANDS, self._draws.between("charge/brand", ids, 0, len(_CARD_BRANDS) - 1)
                    ),
                    "card_last4": columns.text([f"{digits:04d}" for digits in last4.tolist()]),
                }
            )

    def changed_refunds(self, after: int, until: int) -> Iterator[pa.Table]:
        """Refunds created in (after, until]."""
        for book in self._orders.books(after, until):
            rows = self._rows(book, _within(book.refunded, after, until))
            if not len(rows):
                continue
            ids = book.order_id[rows]
            charges = self._draws.tokens("charge/id", ids)
            tokens = self._draws.tokens("refund/id", ids)
            yield pa.table(
                {
                    "id": _ids("re", tokens),
                    "created": columns.integers(book.refunded[rows] + self._timeline.offset),
                    "amount": columns.integers(book.refund[rows]),
                    "balance_transaction": _ids("txn", tokens),
                    "charge": _ids("ch", charges),
                    "payment_intent": _ids("pi", charges),
                    "order_id": columns.integers(ids),
                    "shop_id": columns.integers(book.shop_id[rows]),
                    "buyer_id": columns.integers(book.buyer_id[rows]),
                }
            )

    def changed_payouts(self, after: int, until: int) -> Iterator[pa.Table]:
        """Payouts created in (after, until]."""
        days, amounts = self._payouts(after, until)
        if len(days):
            created = (days + PAYOUT_DELAY_DAYS) * DAY + self._timeline.offset
            tokens = self._draws.tokens("payout/id", days)
            yield pa.table(
                {
                    "id": _ids("po", tokens),
                    "created": columns.integers(created),
                    "amount": columns.integers(amounts),
                    "arrival_date": columns.integers(created),
                    "balance_transaction": _ids("txn", tokens),
                }
            )

    def changed_balance_transactions(self, after: int, until: int) -> Iterator[pa.Table]:
        """Balance transactions created in (after, until]."""
        for book in self._orders.books(after, until):
            rows = self._rows(book, _within(book.charged, after, until))
            amount = book.total[rows]
            yield from self._entries("charge", "ch", "charge/id", book.order_id[rows], book.charged[rows], amount)
            rows = self._rows(book, _within(book.refunded, after, until))
            amount = -book.refund[rows]
            yield from self._entries("refund", "re", "refund/id", book.order_id[rows], book.refunded[rows], amount)
        days, amounts = self._payouts(after, until)
        yield from self._entries("payout", "po", "payout/id", days, (days + PAYOUT_DELAY_DAYS) * DAY, -amounts)

    def _entries(
        self,
        kind: str,
        prefix: str,
        purpose: str,
        keys: NDArray[np.int64],
        created: NDArray[np.int64],
        amount: NDArray[np.int64],
    ) -> Iterator[pa.Table]:
        if not len(keys):
            return
        tokens = self._draws.tokens(purpose, keys)
        charged = fee(amount) if kind == "charge" else np.zeros_like(amount)
        # A payout moves money that is available already; charges and refunds settle with their day.
        available = created if kind == "payout" else (created // DAY + PAYOUT_DELAY_DAYS) * DAY
        yield pa.table(
            {
                "id": _ids("txn", tokens),
                "created": columns.integers(created + self._timeline.offset),
                "available_on": columns.integers(available + self._timeline.offset),
                "type": columns.text([kind] * len(tokens)),
                "amount": columns.integers(amount),
                "fee": columns.integers(charged),
                "net": columns.integers(amount - charged),
                "source": _ids(prefix, tokens),
            }
        )

    def _payouts(self, after: int, until: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The days whose payout is created in (after, until] and its amount."""
        first_day = self._timeline.history_start // DAY
        last_day = until // DAY - PAYOUT_DELAY_DAYS
        days = np.arange(max(after // DAY - PAYOUT_DELAY_DAYS + 1, first_day), last_day + 1)
        if not len(days):
            return days, days
        nets = np.zeros(last_day - first_day + 1, dtype=np.int64)
        # Earlier days may still be short of money, so the sum always begins with the history.
        for book in self._orders.books(self._timeline.history_start, until):
            for moments, amounts in (
                (book.charged, book.total - fee(book.total)),
                (book.refunded, -book.refund),
            ):
                rows = self._rows(book, moments < (last_day + 1) * DAY)
                np.add.at(nets, moments[rows] // DAY - first_day, amounts[rows])
        amounts = np.array(settle(nets.tolist()), dtype=np.int64)[days - first_day]
        return days[amounts > 0], amounts[amounts > 0]

    def _rows(self, book: OrderBook, due: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.flatnonzero(due & (book.placed >= self._timeline.history_start))


def _within(moments: NDArray[np.int64], after: int, until: int) -> NDArray[np.bool_]:
    return (moments > after) & (moments <= until) & (moments < NEVER)


def _ids(prefix: str, tokens: list[str]) -> pa.Array:
    return columns.text([f"{prefix}_{token}" for token in tokens])
