"""The shelf: looking is cheap, the warehouse is left in peace, and the last known outlives its being away."""

from __future__ import annotations

import threading

import pytest

from plugins.meta_layer_page.shelf import FRESH_SECONDS, RETRY_SECONDS, WAITED_FOR_SECONDS, WAITING_SECONDS, Look, Shelf


class Warehouse:
    """Gives 1, then 2, and so on; raises what it is told to; can be held up."""

    def __init__(self) -> None:
        self.reads = 0
        self.error: Exception | None = None
        self.open = threading.Event()
        self.open.set()

    def __call__(self) -> int:
        self.reads += 1
        self.open.wait(10)
        if self.error:
            raise self.error
        return self.reads


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def warehouse() -> Warehouse:
    return Warehouse()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shelf(warehouse: Warehouse, clock: Clock) -> Shelf[int]:
    return Shelf(warehouse, clock=clock)


def settled(shelf: Shelf[int]) -> Look[int]:
    """What there is once nothing is being read."""
    for thread in threading.enumerate():
        if thread.name == "meta-layer":
            thread.join(10)
    return shelf.look()


def test_the_first_look_waits_for_the_answers_and_the_next_reads_nothing(
    shelf: Shelf[int], warehouse: Warehouse, clock: Clock
) -> None:
    assert shelf.look() == Look(1)
    clock.now = FRESH_SECONDS - 1
    assert [shelf.look() for _ in range(5)] == [Look(1)] * 5
    assert warehouse.reads == 1


def test_what_is_stale_is_shown_at_once_and_read_anew_once(
    shelf: Shelf[int], warehouse: Warehouse, clock: Clock
) -> None:
    shelf.look()
    clock.now = FRESH_SECONDS
    warehouse.open.clear()
    assert [shelf.look() for _ in range(5)] == [Look(1)] * 5
    warehouse.open.set()
    assert settled(shelf) == Look(2)
    assert warehouse.reads == 2


def test_the_last_known_stays_when_the_warehouse_is_away_and_is_not_asked_at_every_look(
    shelf: Shelf[int], warehouse: Warehouse, clock: Clock
) -> None:
    shelf.look()
    warehouse.error = ConnectionError("gone\n  away")
    clock.now = FRESH_SECONDS
    shelf.look()
    assert settled(shelf) == Look(1, "gone away")
    clock.now += RETRY_SECONDS - 1
    assert shelf.look() == Look(1, "gone away")
    assert warehouse.reads == 2
    warehouse.error = None
    clock.now += 1
    shelf.look()
    assert settled(shelf) == Look(3)


def test_nobody_waits_for_ever_for_a_warehouse_that_hangs(shelf: Shelf[int], warehouse: Warehouse) -> None:
    warehouse.open.clear()
    assert shelf.look(patience=0.01) == Look(None)
    warehouse.open.set()
    assert settled(shelf) == Look(1)


def test_an_answer_that_somebody_waits_for_is_looked_for_often_and_not_for_ever(
    shelf: Shelf[int], warehouse: Warehouse, clock: Clock
) -> None:
    shelf.look()
    shelf.expect_news()
    found = []
    for seconds in (WAITED_FOR_SECONDS, WAITED_FOR_SECONDS, WAITING_SECONDS, WAITED_FOR_SECONDS):
        clock.now += seconds
        shelf.look()
        found.append(settled(shelf).content)
    assert found == [2, 3, 4, 4]
