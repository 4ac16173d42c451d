"""A whole year of the shop platform through every pipeline: nothing lost, nothing doubled; prints time and memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.integration import test_numbers
from tests.integration.stack import Stack, running_stack

pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.timeout(3600)]


def used_gib() -> float:
    memory = psutil.virtual_memory()
    return float(memory.total - memory.available) / 2**30


@pytest.fixture(scope="module")
def year() -> Iterator[Stack]:
    before, peak, over = used_gib(), [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            peak[0] = max(peak[0], used_gib())

    thread = threading.Thread(target=watch)
    thread.start()
    began = time.monotonic()
    try:
        with running_stack(WORLD_DAYS="365") as stack:
            stack.clock(freeze=True)
            print(
                f"a year: {time.monotonic() - began:.0f} s to green, {peak[0] - before:.1f} GiB at the peak", flush=True
            )
            stack.run_everything()
            yield stack
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize(
    "check",
    [
        test_numbers.test_orders_and_sales_per_shop_and_day_are_those_of_the_package,
        test_numbers.test_business_days_add_up_to_the_package,
        test_numbers.test_payments_reconcile_to_orders_to_the_cent,
        test_numbers.test_refunds_reconcile_to_orders_to_the_cent,
        test_numbers.test_every_order_has_the_visit_that_made_it,
    ],
    ids=lambda check: check.__name__,
)
def test_a_year_is_exact(year: Stack, check) -> None:  # type: ignore[no-untyped-def]
    check(year)
