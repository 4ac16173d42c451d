"""kill -9 of each process at a random moment of a run: it ends right, nothing is built twice at once, none is lost.

DRILLS=20 repeats each kill twenty times, at other moments; the moments are printed, and DRILL_SEED repeats them.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pytest

from tests.integration.stack import wait_for
from tests.integration.transform.lab import MODELS, Lab

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(
        os.environ.get("BACKBEAT_TRANSFORM_MODE", "build") != "build", reason="It kills processes of our own mode"
    ),
]

DRILLS = int(os.environ.get("DRILLS", "1"))
SEED = int(os.environ.get("DRILL_SEED", "20261123"))
# A run with this much slowness takes about eight seconds; the build starts dbt in its second.
LATEST_SECONDS = 7.0


def ti_id(lab: Lab, run: str) -> str:
    return str(lab.task(run, "dbt_build")["id"])


def kill_build(lab: Lab, run: str) -> int:
    """The process that runs dbt."""
    return lab.kill(f"airflow worker -- {ti_id(lab, run)}")


def kill_worker(lab: Lab, run: str) -> int:
    """The process that watches over the one that runs dbt."""
    return lab.kill(f"LocalExecutor: {ti_id(lab, run)}")


def kill_watcher(lab: Lab, run: str) -> int:
    return lab.kill("watcher of builds")


def kill_scheduler(lab: Lab, run: str) -> int:
    return lab.kill("bin/airflow scheduler")


def kill_triggerer(lab: Lab, run: str) -> int:
    return lab.kill("bin/airflow triggerer")


def kill_api_server(lab: Lab, run: str) -> int:
    return lab.kill("airflow api_server") + lab.kill("bin/airflow api-server")


@pytest.mark.parametrize(
    "kill",
    [kill_build, kill_worker, kill_watcher, kill_scheduler, kill_triggerer, kill_api_server],
    ids=lambda kill: kill.__name__,
)
def test_a_kill_at_any_moment_costs_nothing(lab: Lab, kill) -> None:  # type: ignore[no-untyped-def]
    moments = random.Random(f"{SEED} {kill.__name__}")
    for number in range(DRILLS):
        lab.switch(slow="8")
        lab.forget_builds()
        moment = moments.uniform(0.5, LATEST_SECONDS)
        began = time.monotonic()
        run = lab.begin()
        time.sleep(moment)
        killed = kill(lab, run)
        print(f"{kill.__name__} {number + 1}: {killed} killed after {moment:.1f} s", flush=True)
        wait_for(lambda: lab.api_answers(), "the API server to answer", seconds=120)
        states = lab.finish(run)
        built, emitted = lab.builds(), Counter(event["name"] for event in lab.asset_events(run))
        print(f"  {time.monotonic() - began:.0f} s, built {dict(built)}", flush=True)
        assert states == dict.fromkeys(MODELS, "success")
        assert lab.overlaps() == []
        assert set(built) == set(MODELS)
        assert emitted == Counter(f"staging.{model}" for model in MODELS)
