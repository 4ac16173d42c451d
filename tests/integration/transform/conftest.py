"""A stack with a small dbt project that a test can make fail, warn and dawdle; no syncs, no shop platform."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.transform.lab import Lab, opened

PROJECT = Path(__file__).parent / "project"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The running lab, in the mode that BACKBEAT_TRANSFORM_MODE names (build, unless it is set)."""
    with opened(Lab, PROJECT, "BACKBEAT_TEST_LAB", BACKBEAT_TRANSFORM_MODE=_mode()) as running:
        yield running


def _mode() -> str:
    return os.environ.get("BACKBEAT_TRANSFORM_MODE", "build")
