"""The running world: it keeps the database at the clock's present moment.

Readers in the same process ask it how far the database has come (`reached`), never what time it is, so that all three
services always show the same moment.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

import psycopg
import pyarrow as pa

from local.world import dataset as package
from local.world import state
from local.world.clock import Clock
from local.world.draws import Draws
from local.world.orders import Orders
from local.world.store import LAYOUT, Meta, Store, StoreError, read_meta
from local.world.timeline import Timeline

TICK_SECONDS = 1.0
log = logging.getLogger("world")


class Ticker:
    """Opens the world, loading it on the first start, and moves it forward."""

    def __init__(self, *, dsn: str, days: int, seed: int, freeze_at: datetime | None = None) -> None:
        self._store = Store(dsn)
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.healthy = False

        meta = read_meta(self._store.connection())
        self.clock = (
            Clock(frozen_at=freeze_at) if meta is None else Clock(lead=meta.clock_lead, frozen_at=meta.frozen_at)
        )
        if meta is None:
            self.timeline = Timeline.starting(self.clock.now(), days)
        else:
            _check(meta, days, seed)
            offset = meta.offset_seconds
            self.timeline = Timeline(offset, int(meta.history_start.timestamp()) - offset)
        self.dataset = package.load()
        self.draws = Draws(seed)
        self.orders = Orders(self.dataset, self.draws, self.timeline)
        self._tables = state.tables(self.dataset, self.draws, self.timeline, self.orders)
        if meta is None:
            self.reached = self._load(days, seed)
        else:
            self.reached = self.timeline.data_seconds(meta.last_tick)
        self.tick()
        # Arrow keeps the memory of the parquet files for later tables; those are small.
        pa.default_memory_pool().release_unused()

    def tick(self) -> None:
        """Apply what has become due since the last tick."""
        with self._lock:
            self._tick()

    def change_clock(self, change: Callable[[Clock], Clock]) -> None:
        """Change the clock, remember it, and be at its new moment before returning."""
        with self._lock:
            clock = change(self.clock)
            self._store.save_clock(clock.lead, clock.frozen_at)
            self.clock = clock
            self._tick()

    def run(self) -> None:
        """Tick until stopped; a database that is away is waited for."""
        try:
            while not self._stopping.wait(TICK_SECONDS):
                try:
                    self.tick()
                except (psycopg.OperationalError, StoreError) as error:
                    if self.healthy:
                        log.warning("the database is away, ticks wait for it: %s", str(error).strip().splitlines()[0])
                    self.healthy = False
        finally:
            # Whatever else ended this thread, a world that stands still by mistake must not look well.
            self.healthy = False

    def stop(self) -> None:
        """Let the tick under way finish if it is short; an unfinished one leaves nothing behind."""
        self._stopping.set()
        if self._lock.acquire(timeout=3):
            self._store.close()

    def _tick(self) -> None:
        until = self.timeline.data_seconds(self.clock.now())
        if until > self.reached:
            written = self._store.tick(self._tables, self.reached, until, self.timeline.moment(until))
            if written:
                log.info("tick at %s: %d rows", self.timeline.moment(until).isoformat(), written)
            self.reached = until
        self.healthy = True

    def _load(self, days: int, seed: int) -> int:
        until = self.timeline.data_seconds(self.clock.now())
        meta = Meta(
            layout=LAYOUT,
            seed=seed,
            days=days,
            offset_seconds=self.timeline.offset,
            history_start=self.timeline.moment(self.timeline.history_start),
            last_tick=self.timeline.moment(until),
            clock_lead=self.clock.lead,
            frozen_at=self.clock.frozen_at,
        )
        log.info("first start: loading the history since %s", meta.history_start.isoformat())
        self._store.load(meta, self._tables, until)
        return until


def _check(meta: Meta, days: int, seed: int) -> None:
    """Refuse a database that was made with other settings: its rows could not be continued."""
    if meta.layout != LAYOUT:
        raise StoreError("The storefront database was made by another version of local.world; run `make clean`.")
    if (meta.days, meta.seed) != (days, seed):
        raise StoreError(
            f"The storefront database was made with WORLD_DAYS={meta.days} and seed {meta.seed}, not {days} and {seed};"
            " set them back, or run `make clean` to begin again."
        )
