"""kill -9 of each container while pipelines run: every run ends right, the firehose loses and doubles nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.compose.conftest import Containers
from tests.compose.drills import all_is_well, beat, kill, new_orders

pytestmark = pytest.mark.slow

SERVICES = (
    *("postgres", "api-server", "scheduler", "dag-processor", "triggerer", "firehose", "firehose-watch"),
    *("warehouse", "airbyte", "slack", "world"),
)


@pytest.mark.parametrize("service", SERVICES)
def test_a_killed_container_is_made_good_without_a_hand(stack: Containers, service: str) -> None:
    since = datetime.now(UTC)
    new_orders(stack)
    beat(stack, lambda: kill(stack, service))
    all_is_well(stack, since)


def test_all_containers_restarted_at_once(stack: Containers) -> None:
    since = datetime.now(UTC)
    new_orders(stack)
    beat(stack, lambda: stack.compose("restart"))
    all_is_well(stack, since)


def test_taken_down_and_brought_up_over_the_same_volumes(stack: Containers) -> None:
    since = datetime.now(UTC)
    new_orders(stack)
    runs = stack.runs()

    def down_and_up() -> None:
        stack.compose("down")
        stack.up()

    beat(stack, down_and_up, in_marts=False)
    all_is_well(stack, since)
    assert runs.items() <= stack.runs().items()
