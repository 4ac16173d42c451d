"""Breakage of containers while pipelines run, and what must be true afterwards."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx

from include.firehose import database
from include.firehose.audit import audit
from include.firehose.channel import Channel, UnreadableChannel
from include.firehose.reconcile.api import AirflowAway, AirflowRest
from local.stack.errors import StackError
from tests.compose.conftest import Containers
from tests.integration.stack import HOURLY, MARTS, wait_for
from tests.integration.test_channel import test_every_run_has_one_message_with_its_outcome as every_run_is_told_once
from tests.integration.test_numbers import (
    test_orders_and_sales_per_shop_and_day_are_those_of_the_package as numbers_are_right,
)

# A task whose process is gone is given up after a minute without a heartbeat, and tried again.
RUN_SECONDS = 900
AWAY = (httpx.HTTPError, StackError)


def kill(stack: Containers, service: str) -> None:
    """kill -9 the first process of one container of a service; the engine starts it again.

    `docker kill` would tell the engine that somebody wants it to stay down.
    """
    kill_container(stack, stack.containers()[service])


def kill_container(stack: Containers, container: str) -> None:
    """kill -9 a container's first process, and wait until the engine has started it again."""
    victim = _pid(stack, container)
    os.kill(victim, signal.SIGKILL)
    wait_for(lambda: _pid(stack, container) not in (0, victim), f"{container} to be started again", seconds=120)


def _pid(stack: Containers, container: str) -> int:
    return int(stack.engine("inspect", "--format", "{{.State.Pid}}", container))


def new_orders(stack: Containers) -> None:
    """A day of orders that nobody has loaded yet."""
    wait_for(lambda: patiently(lambda: stack.clock(freeze=True)), "the shop platform to answer", seconds=120)
    stack.clock(advance_seconds=24 * 3600)


def patiently(question: Callable[[], Any]) -> Any:
    """What is asked of a part that may be away at the moment; None when it is."""
    try:
        return question()
    except AWAY:
        return None


def beat(stack: Containers, happen: Callable[[], None], *, in_marts: bool = True) -> None:
    """Run every pipeline, and let something happen while a source is loaded and (`in_marts`) while marts are built.

    All runs must end green without a hand.
    """
    before = stack.api.latest_run(MARTS)
    runs = {dag_id: _trigger(stack, dag_id) for dag_id in HOURLY}
    wait_for(lambda: at_work(stack, HOURLY[0], runs[HOURLY[0]]), "a task of the storefront to run", pause=0.5)
    happen()
    for dag_id, run_id in runs.items():
        _must_succeed(stack, dag_id, run_id)

    def started() -> Any:
        run = stack.api.latest_run(MARTS)
        return run if run and (before is None or run["dag_run_id"] != before["dag_run_id"]) else None

    marts = str(wait_for(lambda: patiently(started), f"{MARTS} to start", seconds=RUN_SECONDS)["dag_run_id"])
    if in_marts:
        wait_for(lambda: patiently(lambda: at_work(stack, MARTS, marts)), "a task of the marts to run", pause=0.5)
        happen()
    _must_succeed(stack, MARTS, marts)


def _trigger(stack: Containers, dag_id: str) -> str:
    return str(stack.api.call("POST", f"/dags/{dag_id}/dagRuns", json={"logical_date": None})["dag_run_id"])


def at_work(stack: Containers, dag_id: str, run_id: str) -> list[dict[str, Any]]:
    """The tasks of a run that are under way, or all of them when the run is over: it was too quick for us."""
    tasks = stack.api.tasks(dag_id, run_id)
    running = [task for task in tasks if task["state"] in ("running", "deferred")]
    return running or (tasks if stack.api.run(dag_id, run_id)["state"] == "success" else [])


def _must_succeed(stack: Containers, dag_id: str, run_id: str) -> None:
    def over() -> Any:
        run = stack.api.run(dag_id, run_id)
        return run if run["state"] in ("success", "failed") else None

    ended = wait_for(lambda: patiently(over), f"{dag_id} {run_id} to end", seconds=RUN_SECONDS, pause=2)
    assert ended["state"] == "success", stack.failures(dag_id, run_id)


def all_is_well(stack: Containers, since: datetime) -> None:
    """Every container is healthy, the numbers are right, and the firehose has lost and doubled nothing since then."""
    wait_for(lambda: stack.unwell() == [], "healthy containers", seconds=180)
    numbers_are_right(stack)
    every_run_is_told_once(stack)
    outbox = database.engine(stack.layout.postgres_dsn("firehose").replace("postgresql:", "postgresql+psycopg:"))
    airflow = AirflowRest(stack.layout.airflow_url, "admin", stack.values["AIRFLOW_ADMIN_PASSWORD"])
    channel = Channel(
        token=stack.values["SLACK_BOT_TOKEN"],
        api_url=f"{stack.layout.slack_url}/api/",
        channel_id=stack.values["SLACK_CHANNEL"],
    )
    said: list[str] = []

    def nothing_unaccounted() -> bool:
        try:
            found = audit(outbox, airflow, channel, since, datetime.now(UTC))
        except (AirflowAway, UnreadableChannel) as error:
            said[:] = [str(error)]
            return False
        said[:] = found.lines()
        return found.unaccounted == 0

    try:
        wait_for(nothing_unaccounted, "an audit without gaps", seconds=240, pause=5)
    except AssertionError as error:
        raise AssertionError("\n".join(said)) from error
    finally:
        outbox.dispose()
