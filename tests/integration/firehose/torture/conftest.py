"""One Airflow for all of the torture, which is made once; the tests look at what it left."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.firehose.torture.lab import Torture
from tests.integration.transform.lab import opened

PROJECT = Path(__file__).parent / "project"
# A changed file is found after these seconds.
IMPATIENCE = {"AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5"}


@pytest.fixture(scope="session")
def lab() -> Iterator[Torture]:
    with opened(Torture, PROJECT, "BACKBEAT_TEST_TORTURE", **IMPATIENCE) as running:
        yield running
