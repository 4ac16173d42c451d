"""One whole stack for the session's tests, on ports and in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with running_stack(STANDIN_FAULTS="on") as running:
        yield running
