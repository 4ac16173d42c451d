"""Visits to the shops, as events of a product-analytics service, derived from the orders.

Every order is the end of one session, and each order also gives rise to a few sessions that buy nothing. Nothing is
stored: the events of an hour are computed when they are asked for, from the orders around that hour.

A session is known by its last event. Whether it belongs to the history is decided by that moment too, so a longer
history adds earlier sessions and changes none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from local.world.dataset import Dataset
from local.world.draws import Draws
from local.world.orders import Orders
from local.world.timeline import DAY, Timeline

SHOP_VISITED, PRODUCT_VIEWED, CHECKOUT_STARTED, ORDER_COMPLETED = range(4)
NO_ID = 0

_VISITS_PER_ORDER_MOST = 5
_VISIT_SHARE = 0.4
_ANONYMOUS_SHARE = 0.3
_ABANDONED_CHECKOUT_SHARE = 0.08
_LATE_SHARE = 0.03
_SESSION_KEYS = 8

_MOST_STEPS = 6
_LONGEST_SESSION = _MOST_STEPS * 120
_LATEST_VISIT = DAY + 7_200
_LATEST_UPLOAD = 6 * 3600


@dataclass(frozen=True)
class Sessions:
    """One row per session. `source` is the order whose lines are looked at; NO_ID where there is no buyer or order."""

    key: NDArray[np.int64]
    ended: NDArray[np.int64]
    shop_id: NDArray[np.int64]
    buyer_id: NDArray[np.int64]
    order_id: NDArray[np.int64]
    source: NDArray[np.int64]
    views: NDArray[np.int64]
    checkout: NDArray[np.bool_]

    def __getitem__(self, rows: NDArray) -> Sessions:
        return Sessions(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Events:
    """One row per event, by upload time; moments in data seconds."""

    session: NDArray[np.int64]
    step: NDArray[np.int64]
    kind: NDArray[np.int8]
    happened: NDArray[np.int64]
    uploaded: NDArray[np.int64]
    session_started: NDArray[np.int64]
    shop_id: NDArray[np.int64]
    buyer_id: NDArray[np.int64]
    order_id: NDArray[np.int64]
    product_id: NDArray[np.int64]

    def __getitem__(self, rows: NDArray) -> Events:
        return Events(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(self.session)


class Visits:
    """The events uploaded between two moments."""

    def __init__(self, dataset: Dataset, draws: Draws, timeline: Timeline, orders: Orders) -> None:
        self._dataset, self._draws, self._timeline, self._orders = dataset, draws, timeline, orders

    def uploaded(self, begin: int, end: int) -> Events:
        """Events with a server upload time in [begin, end), by that time."""
        sessions = _joined(list(self._sessions(begin, end)))
        sessions = sessions[sessions.ended >= self._timeline.history_start]
        events = self._events(sessions)
        events = events[(events.uploaded >= begin) & (events.uploaded < end)]
        return events[np.lexsort((events.step, events.session, events.uploaded))]

    def _sessions(self, begin: int, end: int) -> Iterator[Sessions]:
        """The sessions that may have an event uploaded in [begin, end)."""
        earliest = begin - _LATEST_UPLOAD - _LATEST_VISIT
        latest = end + _LONGEST_SESSION
        for book in self._orders.books(earliest, latest):
            rows = np.arange(np.searchsorted(book.placed, earliest), np.searchsorted(book.placed, latest, side="right"))
            keys = book.order_id[rows] * _SESSION_KEYS
            yield Sessions(
                key=keys,
                ended=book.placed[rows],
                shop_id=book.shop_id[rows],
                buyer_id=book.buyer_id[rows],
                order_id=book.order_id[rows],
                source=rows,
                views=self._draws.between("session/views", keys, 1, 3),
                checkout=np.ones(len(rows), dtype=bool),
            )
            for number in range(1, _VISITS_PER_ORDER_MOST + 1):
                yield self._visits_without_order(keys + number, rows, book.placed[rows], book.cycle)

    def _visits_without_order(
        self, keys: NDArray[np.int64], rows: NDArray[np.int64], placed: NDArray[np.int64], cycle: int
    ) -> Sessions:
        """Visits around the same time of day as an order: to a shop, of a buyer, that are known by then."""
        draws, baskets = self._draws, self._dataset.baskets
        happens = draws.unit("visit/happens", keys) < _VISIT_SHARE
        keys, rows, placed = keys[happens], rows[happens], placed[happens]
        ended = placed + draws.between("visit/day", keys, 0, 1) * DAY + draws.between("visit/moment", keys, 60, 7_200)
        known = rows + 1 if cycle == 0 else np.full(len(rows), len(baskets))
        source = (draws.unit("visit/source", keys) * known).astype(np.int64)
        anonymous = draws.unit("visit/anonymous", keys) < _ANONYMOUS_SHARE
        return Sessions(
            key=keys,
            ended=ended,
            shop_id=baskets.store_id[source],
            buyer_id=np.where(anonymous, NO_ID, baskets.household_id[source]),
            order_id=np.full(len(keys), NO_ID),
            source=source,
            views=np.searchsorted([0.5, 0.85], draws.unit("visit/views", keys), side="right"),
            checkout=draws.unit("visit/checkout", keys) < _ABANDONED_CHECKOUT_SHARE,
        )

    def _events(self, sessions: Sessions) -> Events:
        """All events of the sessions: a visit, views of products, perhaps a checkout, perhaps an order."""
        steps = np.arange(_MOST_STEPS)
        views = sessions.views[:, None]
        ordered = sessions.order_id != NO_ID
        length = 1 + sessions.views + sessions.checkout + ordered
        kind = np.full((len(sessions), _MOST_STEPS), ORDER_COMPLETED, dtype=np.int8)
        kind[steps <= views + sessions.checkout[:, None]] = CHECKOUT_STARTED
        kind[steps <= views] = PRODUCT_VIEWED
        kind[:, 0] = SHOP_VISITED

        keys = sessions.key[:, None] * _SESSION_KEYS + steps
        gaps = self._draws.between("event/gap", keys, 5, 120)
        gaps[(steps >= length[:, None]) | (steps == 0)] = 0
        before_end = gaps[:, ::-1].cumsum(axis=1)[:, ::-1] - gaps
        happened = sessions.ended[:, None] - before_end

        late = self._draws.unit("session/late", sessions.key) < _LATE_SHARE
        late_upload = sessions.ended + self._draws.between("session/upload", sessions.key, 300, _LATEST_UPLOAD)
        prompt_upload = happened + self._draws.between("event/upload", keys, 1, 8)
        uploaded = np.where(late[:, None], late_upload[:, None], prompt_upload)

        session, step = np.nonzero(steps < length[:, None])
        at = (session, step)
        return Events(
            session=sessions.key[session],
            step=step,
            kind=kind[at],
            happened=happened[at],
            uploaded=uploaded[at],
            session_started=happened[session, 0],
            shop_id=sessions.shop_id[session],
            buyer_id=sessions.buyer_id[session],
            order_id=np.where(kind[at] == ORDER_COMPLETED, sessions.order_id[session], NO_ID),
            product_id=np.where(kind[at] == PRODUCT_VIEWED, self._viewed(sessions.source[session], keys[at]), NO_ID),
        )

    def _viewed(self, source: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """A product of the source order's lines, in the catalogue or not."""
        first_line = self._dataset.baskets.first_line
        count = first_line[source + 1] - first_line[source]
        line = first_line[source] + (self._draws.unit("event/product", keys) * count).astype(np.int64)
        return self._dataset.lines.product_id[line].astype(np.int64)


def _joined(parts: list[Sessions]) -> Sessions:
    return Sessions(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Sessions)))
