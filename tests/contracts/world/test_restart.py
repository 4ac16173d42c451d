"""What was seen stays: restarts, kill -9 at bad moments, and settings that do not fit the database."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.contracts.world.conftest import START, MakeWorld, World
from tests.standins import ROOT, free_port, start


def _wait_for_query(dsn: str, pattern: str, alive: Callable[[], bool]) -> None:
    """Wait until the world runs a statement like `pattern`, the moment a test wants to kill it."""
    query = "select 1 from pg_stat_activity where application_name = 'world' and state = 'active' and query ilike %s"
    with psycopg.connect(dsn, autocommit=True) as connection:
        while alive():
            if connection.execute(query, (pattern,)).fetchone():
                return
            time.sleep(0.002)
    raise AssertionError(f"The world ended before it ran {pattern}.")


def _options(dsn: str, *, days: int = 28, seed: int = 2017) -> list[str]:
    return ["--dsn", dsn, "--days", str(days), "--seed", str(seed), "--freeze-at", START.isoformat()]


def _serve(*options: str) -> subprocess.Popen[str]:
    command = [str(ROOT / ".venvs/world/bin/python"), "-m", "local.world", "serve", "--port", str(free_port())]
    return subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


@pytest.fixture(scope="module")
def undisturbed(make_shared_world: MakeWorld) -> World:
    return make_shared_world(days=28)


def test_a_restart_continues_where_the_clock_stands(make_world: MakeWorld) -> None:
    world = make_world()
    clock = world.clock(advance_seconds=5_000)
    before = world.fingerprints()
    world.standin.restart()
    assert world.clock() == clock
    assert world.fingerprints() == before
    world.clock(advance_seconds=3_600)
    assert world.fingerprints() != before


def test_it_stops_within_five_seconds_when_asked(make_world: MakeWorld) -> None:
    process = make_world().standin.process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0


@pytest.mark.parametrize(
    "stage", ['copy "public"."order_lines"%', pytest.param("%alter table%", marks=pytest.mark.slow)]
)
def test_killed_in_the_first_load_it_leaves_nothing_and_the_next_start_is_whole(
    make_dsn: Callable[[], str], undisturbed: World, tmp_path: Path, stage: str
) -> None:
    dsn = make_dsn()
    process = _serve("--data-dir", str(tmp_path), *_options(dsn))
    _wait_for_query(dsn, stage, lambda: process.poll() is None)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()

    standin = start("world", *_options(dsn))
    try:
        world = World(standin, dsn)
        orders = world.sql("select placed_at::date::text, count(*)::text from orders group by 1 order by 1")
        assert orders == [(day, count) for day, count, *_ in world.expected("day")]
        assert world.fingerprints() == undisturbed.fingerprints()
    finally:
        standin.stop()


def test_killed_in_a_tick_it_catches_up_to_the_same_rows(make_world: MakeWorld) -> None:
    world, undisturbed = make_world(), make_world()
    until = (START + timedelta(days=14)).isoformat()
    undisturbed.clock(now=until)

    def advance() -> None:
        with pytest.raises(httpx.HTTPError):
            world.clock(now=until)

    caller = threading.Thread(target=advance)
    caller.start()
    process = world.standin.process
    assert process is not None
    _wait_for_query(world.dsn, "insert into%", lambda: process.poll() is None)
    world.standin.kill()
    caller.join()

    world.standin.start()
    assert world.clock() == undisturbed.clock()
    assert world.fingerprints() == undisturbed.fingerprints()


def test_it_outlives_its_database_and_says_so_meanwhile(make_world: MakeWorld) -> None:
    world = make_world()
    database = world.dsn.rpartition("/")[2]
    admin = world.dsn.removesuffix(database) + "postgres"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"alter database {database} allow_connections false")
        connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (database,))
        world.http.post("/_local/clock", json={"advance_seconds": 86_400})
        assert world.http.get("/health").status_code == 503
        assert world.stripe("charges").status_code == 503
        connection.execute(f"alter database {database} allow_connections true")
    orders = world.value("select count(*) from orders")
    deadline = time.monotonic() + 30
    while world.http.get("/health").status_code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    world.clock(now=(START + timedelta(days=2)).isoformat())
    assert world.value("select count(*) from orders") > orders


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"days": 8}, "WORLD_DAYS=7"),
        ({"days": 7, "seed": 1}, "seed 2017"),
        ({"days": 7}, "Another local.world uses this database"),
    ],
)
def test_what_does_not_fit_the_database_is_refused_in_a_sentence(
    world: World, tmp_path: Path, options: dict[str, int], sentence: str
) -> None:
    if options != {"days": 7}:
        world.standin.stop()
    process = _serve("--data-dir", str(tmp_path), *_options(world.dsn, **options))
    output, _ = process.communicate(timeout=60)
    if options != {"days": 7}:
        world.standin.start()
    assert process.returncode == 1
    assert sentence in output.splitlines()[-1]
    assert "Traceback" not in output


def test_a_taken_port_is_refused_in_a_sentence(world: World, make_dsn: Callable[[], str], tmp_path: Path) -> None:
    process = _serve("--port", str(world.standin.port), "--data-dir", str(tmp_path), *_options(make_dsn()))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert f"Port {world.standin.port}" in output
    assert "Traceback" not in output
