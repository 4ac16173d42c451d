"""A world per module, and the questions its clients ask: SQL, Stripe's pages, Amplitude's exports, the clock.

Clocks stand still at a fixed moment, so the numbers do not depend on the day the tests run.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import httpx
import psycopg
import pytest

from tests.standins import ROOT, Standin, start

START = datetime(2026, 11, 25, 12, tzinfo=UTC)
PAYMENTS_KEY = "sk_test_local_0000000000000000"
ANALYTICS_KEYS = ("local-analytics-key-00000000", "local-analytics-secret-00000000")


@dataclass
class World:
    """A running world and its clients."""

    standin: Standin
    dsn: str

    @cached_property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.standin.url, timeout=120)

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn) as connection:
            return connection.execute(query, parameters).fetchall()

    def value(self, query: str, *parameters: Any) -> Any:
        return self.sql(query, *parameters)[0][0]

    def stripe(self, path: str, **parameters: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {PAYMENTS_KEY}"}
        return self.http.get(f"/payments/v1/{path}", params=parameters, headers=headers)

    def stripe_pages(self, path: str, **parameters: Any) -> Iterator[list[dict[str, Any]]]:
        """All pages, by `starting_after`, as Stripe's own clients page."""
        while True:
            page = self.stripe(path, limit=100, **parameters).raise_for_status().json()
            yield page["data"]
            if not page["has_more"]:
                return
            parameters["starting_after"] = page["data"][-1]["id"]

    def stripe_all(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        return [item for page in self.stripe_pages(path, **parameters) for item in page]

    def export(self, start: str, end: str, auth: tuple[str, str] | None = ANALYTICS_KEYS) -> httpx.Response:
        return self.http.get("/analytics/api/2/export", params={"start": start, "end": end}, auth=auth)

    def events(self, start: datetime, end: datetime) -> list[dict[str, Any]]:
        """All events uploaded in the hours from `start` to `end`, both included."""
        answer = self.export(start.strftime("%Y%m%dT%H"), end.strftime("%Y%m%dT%H")).raise_for_status()
        return [event for lines in unpack(answer.content).values() for event in lines]

    def clock(self, **change: Any) -> dict[str, Any]:
        answer = self.http.post("/_local/clock", json=change) if change else self.http.get("/_local/clock")
        return answer.raise_for_status().json()

    def expected(self, by: str) -> list[tuple[str, ...]]:
        """What the data package alone says the application database holds."""
        command = [
            str(ROOT / ".venvs/world/bin/python"),
            "-m",
            "local.world",
            "expected",
            "--by",
            by,
            "--dsn",
            self.dsn,
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        return [tuple(row) for row in csv.reader(done.stdout.splitlines())][1:]

    def fingerprints(self) -> dict[str, tuple[int, int]]:
        """The number of rows of each table and a sum over all that they hold."""
        return {
            f"{schema}.{table}": self.sql(
                f"select count(*), sum(hashtextextended(row::text, 0)) from {schema}.{table} row"
            )[0]
            for schema, table in self.sql(
                "select schemaname, tablename from pg_tables where schemaname in ('public', 'payments')"
            )
        }


MakeWorld = Callable[..., World]


def unpack(archive: bytes) -> dict[str, list[dict[str, Any]]]:
    """The events of each file of an export."""
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        return {
            name: [json.loads(line) for line in gzip.decompress(zipped.read(name)).splitlines()]
            for name in zipped.namelist()
        }


@pytest.fixture(scope="session")
def postgres() -> Iterator[Standin]:
    server = start("postgres")
    yield server
    server.stop()


@pytest.fixture(scope="session")
def make_dsn(postgres: Standin) -> Callable[[], str]:
    """The address of a new empty database."""

    def make() -> str:
        name = f"storefront_{uuid.uuid4().hex[:8]}"
        with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"create database {name}")
        return postgres.dsn(name)

    return make


def _worlds(make_dsn: Callable[[], str]) -> Iterator[MakeWorld]:
    running: list[World] = []

    def make(*, days: int = 7, now: datetime = START, seed: int = 2017) -> World:
        dsn = make_dsn()
        options = ["--dsn", dsn, "--days", str(days), "--seed", str(seed), "--freeze-at", now.isoformat()]
        running.append(World(start("world", *options), dsn))
        return running[-1]

    try:
        yield make
    finally:
        for world in running:
            world.http.close()
            world.standin.stop()


@pytest.fixture
def make_world(make_dsn: Callable[[], str]) -> Iterator[MakeWorld]:
    """Start worlds for one test, which may do to them what it likes."""
    yield from _worlds(make_dsn)


@pytest.fixture(scope="module")
def make_shared_world(make_dsn: Callable[[], str]) -> Iterator[MakeWorld]:
    """Start worlds that the tests of a module only read."""
    yield from _worlds(make_dsn)


@pytest.fixture(scope="module")
def world(make_shared_world: MakeWorld) -> World:
    """Seven days of history, the clock standing still at START; only for reading."""
    return make_shared_world()
