"""Breakage while real pipelines run: each drill must end in the right numbers without a hand."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil
import pytest

from local.stack.layout import OWNER_VARIABLE
from tests.integration.stack import Stack, wait_for
from tests.integration.test_numbers import (
    test_orders_and_sales_per_shop_and_day_are_those_of_the_package as numbers_are_right,
)

pytestmark = [pytest.mark.stack, pytest.mark.slow]


@pytest.fixture
def new_orders(stack: Stack) -> Iterator[Stack]:
    """A stack whose shop platform has a day of orders that nobody has loaded yet."""
    stack.clock(freeze=True)
    stack.clock(advance_seconds=24 * 3600)
    yield stack
    faults(stack, "DELETE")


def faults(stack: Stack, method: str, **fault: Any) -> None:
    """Arm a fault of the local Airbyte (POST), or disarm all (DELETE)."""
    url = stack.layout.airbyte_url
    credentials = {
        "client_id": stack.values["AIRBYTE_CLIENT_ID"],
        "client_secret": stack.values["AIRBYTE_CLIENT_SECRET"],
    }
    token = httpx.post(f"{url}/applications/token", json=credentials, timeout=10).json()["access_token"]
    address = url.replace("/api/public/v1", "/_local/faults")
    headers = {"Authorization": f"Bearer {token}"}
    httpx.request(method, address, json=fault, headers=headers, timeout=10).raise_for_status()


def processes(stack: Stack, *words: str) -> list[psutil.Process]:
    """The stack's processes whose command line has all the words."""
    found = []
    for process in psutil.process_iter():
        try:
            mine = process.environ().get(OWNER_VARIABLE) == str(stack.state)
            if mine and all(word in " ".join(process.cmdline()) for word in words):
                found.append(process)
        except psutil.Error:
            continue
    return found


def kill(stack: Stack, *words: str) -> None:
    """kill -9 the processes with these words in their command line; there must be one."""
    victims = processes(stack, *words)
    assert victims, f"nothing runs with {words}"
    for victim in victims:
        try:
            os.kill(victim.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def while_syncing(stack: Stack, happen: Callable[[], None]) -> None:
    """Run everything, and let something happen as soon as a connector of the storefront reads."""

    def strike() -> None:
        wait_for(lambda: processes(stack, "sources.postgres", "read"), "a connector to read", seconds=120)
        happen()

    thread = threading.Thread(target=strike)
    thread.start()
    stack.run_everything()
    thread.join()


def test_a_connector_killed_half_way_is_made_good(new_orders: Stack) -> None:
    faults(new_orders, "POST", kind="kill_after_records", connection="storefront", n=500)
    new_orders.run_everything()
    numbers_are_right(new_orders)


def test_airbyte_killed_half_way_is_made_good(new_orders: Stack) -> None:
    while_syncing(new_orders, lambda: kill(new_orders, "local.airbyte", "serve"))
    numbers_are_right(new_orders)


def test_a_warehouse_killed_in_the_middle_of_a_load_is_made_good(new_orders: Stack) -> None:
    while_syncing(new_orders, lambda: kill(new_orders, "local.warehouse", "serve"))
    numbers_are_right(new_orders)


def test_an_airbyte_that_answers_500_for_a_minute_is_waited_for(new_orders: Stack) -> None:
    began = time.monotonic()
    faults(new_orders, "POST", kind="http", path="/jobs", status=500, times=1_000_000)

    def heal() -> None:
        time.sleep(60)
        faults(new_orders, "DELETE")

    thread = threading.Thread(target=heal)
    thread.start()
    new_orders.run_everything()
    thread.join()
    assert time.monotonic() - began >= 60
    numbers_are_right(new_orders)
