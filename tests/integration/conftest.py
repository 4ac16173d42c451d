"""One whole stack for the session's tests, on ports and in a folder of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.stack import dotenv
from tests.integration.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    folder = os.environ.get("BACKBEAT_TEST_STACK")
    if folder:
        # A stack that an earlier session left running, to try one test again and again.
        yield Stack(Path(folder) / "state", dotenv.read(Path(folder) / "env"))
        return
    with running_stack(STANDIN_FAULTS="on") as running:
        yield running
