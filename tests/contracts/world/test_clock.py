"""The clock moves the world forward, and a reader by cursor sees every change once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from tests.contracts.world.conftest import START, MakeWorld, World

CURSOR_TABLES = {
    "orders": "order_id",
    "order_lines": "order_line_id",
    "products": "product_id",
    "shops": "shop_id",
    "subscriptions": "subscription_id",
    "buyers": "buyer_id",
}


@pytest.fixture
def world(make_world: MakeWorld) -> World:
    return make_world()


def _now(clock: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(clock["now"])


def test_the_clock_freezes_advances_and_never_goes_back(world: World) -> None:
    clock = world.clock()
    assert clock["frozen"]
    assert _now(clock) == START
    assert datetime.fromisoformat(clock["data_now"]) == START - timedelta(seconds=clock["offset_seconds"])
    assert clock["offset_seconds"] % (7 * 86_400) == 0
    assert "2017-12-10" <= clock["data_now"][:10] < "2017-12-17"
    assert clock["cycle_seconds"] == 364 * 86_400
    assert clock["history_start"] == "2026-11-18T00:00:00+00:00"

    assert _now(world.clock(advance_seconds=90)) == START + timedelta(seconds=90)
    later = START + timedelta(hours=1)
    assert _now(world.clock(now=later.isoformat())) == later
    for backwards in ({"now": START.isoformat()}, {"advance_seconds": -1}):
        refused = world.http.post("/_local/clock", json=backwards)
        assert refused.status_code == 409
        assert "only moves forward" in refused.json()["error"]
    for nonsense in ({"now": "yesterday"}, {"advance": 5}, {"now": "2027-01-01T00:00:00"}):
        assert world.http.post("/_local/clock", json=nonsense).status_code == 400
    assert _now(world.clock()) == later


def test_a_released_clock_runs_on_and_new_orders_come_by_themselves(world: World) -> None:
    ahead = max(START, datetime.now(tz=UTC)) + timedelta(hours=2)
    world.clock(now=ahead.isoformat())
    released = world.clock(release=True)
    assert not released["frozen"]
    assert _now(released) >= ahead
    assert _now(world.clock()) > _now(released)
    frozen = world.clock(freeze=True)
    assert _now(world.clock()) == _now(frozen)


def test_a_tick_moves_only_what_is_new_or_changed(world: World) -> None:
    until = START + timedelta(hours=3)
    before = {table: dict(world.sql(f"select {key}, updated_at from {table}")) for table, key in CURSOR_TABLES.items()}
    world.clock(now=until.isoformat())
    moved = {}
    for table, key in CURSOR_TABLES.items():
        after = dict(world.sql(f"select {key}, updated_at from {table}"))
        assert before[table].keys() <= after.keys()
        changed = {row: at for row, at in after.items() if before[table].get(row) != at}
        assert all(START < at <= until for at in changed.values())
        moved[table] = len(changed)
    new_orders = world.value("select count(*) from orders where created_at > %s", START)
    assert 0 < new_orders < moved["orders"] < len(before["orders"]) / 5
    assert moved["order_lines"] == world.value("select count(*) from order_lines where created_at > %s", START)
    assert world.value("select count(*) from orders where placed_at > %s", until) == 0


def test_ticking_ends_in_the_same_rows_as_a_first_load_at_that_moment(make_world: MakeWorld) -> None:
    ticked = make_world(days=7)
    for hours in (0.001, 0.5, 1, 7, 15.4, 24):
        ticked.clock(now=(START + timedelta(hours=hours)).isoformat())
    ticked.clock(now=(START + timedelta(days=2)).isoformat())
    loaded = make_world(days=9, now=START + timedelta(days=2))
    assert ticked.clock()["history_start"] == loaded.clock()["history_start"]
    assert ticked.fingerprints() == loaded.fingerprints()


class CursorReader(threading.Thread):
    """Reads the tables again and again from where its cursors stand, as an incremental sync does."""

    def __init__(self, dsn: str, tables: dict[str, str]) -> None:
        super().__init__(daemon=True)
        self._dsn, self._tables = dsn, tables
        self._cursors = dict.fromkeys(tables, datetime(1970, 1, 1, tzinfo=UTC))
        self.seen: dict[str, dict[int, datetime]] = {table: {} for table in tables}
        self.stopping = threading.Event()

    def run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self.stopping.wait(0.005):
                self._read(connection)
            self._read(connection)

    def _read(self, connection: psycopg.Connection) -> None:
        for table, key in self._tables.items():
            query = f"select {key}, updated_at from {table} where updated_at > %s order by updated_at"
            for row, at in connection.execute(query, (self._cursors[table],)):
                self.seen[table][row] = at
                self._cursors[table] = at


def test_a_concurrent_cursor_reader_misses_no_change(world: World) -> None:
    reader = CursorReader(world.dsn, CURSOR_TABLES)
    reader.start()
    for step in range(40):
        world.clock(advance_seconds=300 + 977 * (step % 7))
    reader.stopping.set()
    reader.join()
    for table, key in CURSOR_TABLES.items():
        assert reader.seen[table] == dict(world.sql(f"select {key}, updated_at from {table}"))


def test_faults_hit_the_ordered_requests_and_then_stop(world: World) -> None:
    fault = {"path_prefix": "/payments", "status": 503, "times": 2}
    assert world.http.post("/_local/faults", json=fault).status_code == 200
    assert [world.stripe("charges").status_code for _ in range(3)] == [503, 503, 200]
    world.http.post("/_local/faults", json={**fault, "path_prefix": "/analytics"})
    assert world.stripe("charges").status_code == 200
    assert world.http.get("/health").status_code == 200
    world.http.delete("/_local/faults")
    assert world.export("20261120T00", "20261120T00").status_code == 200
    assert world.http.post("/_local/faults", json={"status": 503}).status_code == 400
