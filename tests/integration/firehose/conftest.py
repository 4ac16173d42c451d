"""A PostgreSQL and a Slack for the whole session, empty at the start of each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.firehose.road import Road
from tests.standins import Standin, start


@pytest.fixture(scope="session")
def postgres() -> Iterator[Standin]:
    server = start("postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def slack() -> Iterator[Standin]:
    server = start("slack", "--enable-faults")
    yield server
    server.stop()


@pytest.fixture
def road(postgres: Standin, slack: Standin, tmp_path: Path) -> Iterator[Road]:
    road = Road(postgres, slack, tmp_path)
    assert road.run("-m", "include.firehose", "migrate").returncode == 0
    road.rows("truncate event, subject, delivery, delivery_event, lease, rate_limit, cursor, watchdog, series, beat")
    httpx.post(f"{slack.url}/_local/reset").raise_for_status()
    httpx.request("DELETE", f"{slack.url}/_local/faults").raise_for_status()
    yield road
    road.end()
