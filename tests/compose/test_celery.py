"""Workers on machines of their own: two settings, the same pipelines, a killed worker, callbacks from both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from tests.compose.conftest import Containers
from tests.compose.drills import all_is_well, at_work, beat, kill_container, new_orders, patiently
from tests.integration.stack import HOURLY, wait_for

pytestmark = pytest.mark.slow

LOCAL = {
    "COMPOSE_PROFILES": "standins",
    "AIRFLOW__CORE__EXECUTOR": "include.transform.executor.WatchingLocalExecutor",
}
CELERY = {
    "COMPOSE_PROFILES": "standins,celery",
    "AIRFLOW__CORE__EXECUTOR": "include.transform.celery_executor.WatchingCeleryExecutor",
}


@pytest.fixture(scope="module")
def celery(stack: Containers) -> Iterator[Containers]:
    stack.change(CELERY)
    stack.up()
    wait_for(lambda: len(workers(stack)) == 2, "two workers", seconds=180)
    yield stack
    stack.change(LOCAL)
    stack.compose("--profile", "celery", "rm", "--stop", "--force", "worker", "redis")
    stack.up()


def workers(stack: Containers) -> set[str]:
    """The containers of the workers that are healthy; a container's host name is its short id."""
    named = ("ps", "--quiet", "--filter", f"label=com.docker.compose.project={stack.project}")
    return set(stack.engine(*named, "--filter", "label=com.docker.compose.service=worker").split())


def since(stack: Containers, began: datetime) -> list[dict[str, Any]]:
    """Every task instance that began after a time."""
    body = {"start_date_gte": began.isoformat(), "page_limit": 1000}
    return list(stack.api.call("POST", "/dags/~/dagRuns/~/taskInstances/list", json=body)["task_instances"])


def heard_by_callback(stack: Containers, tasks: list[dict[str, Any]]) -> set[str]:
    """The host names of those tasks whose end their own callback has told."""
    with psycopg.connect(stack.layout.postgres_dsn("firehose")) as connection:
        told = {
            row[0]
            for row in connection.execute(
                "select payload->>'dag_id' || payload->>'run_id' || (payload->>'task_id') from event "
                "where kind = 'airflow.task' and 'callback' = any(seen_via)"
            )
        }
    return {task["hostname"] for task in tasks if task["dag_id"] + task["dag_run_id"] + task["task_id"] in told}


def test_the_same_pipelines_are_green_and_both_workers_are_heard(celery: Containers) -> None:
    began = datetime.now(UTC)
    new_orders(celery)
    beat(celery, lambda: None)
    all_is_well(celery, began)
    tasks = since(celery, began)
    assert {task["hostname"] for task in tasks} >= workers(celery), "both workers had something to do"
    assert heard_by_callback(celery, tasks) >= workers(celery)


def test_a_worker_killed_in_mid_task(celery: Containers) -> None:
    began = datetime.now(UTC)
    new_orders(celery)
    killed: list[str] = []

    def kill_who_works() -> None:
        if killed:
            return

        def busy() -> Any:
            return [task["hostname"] for task in _under_way(celery) if task["hostname"] in workers(celery)]

        killed.append(wait_for(lambda: patiently(busy), "a task on a worker", pause=0.2)[0])
        kill_container(celery, killed[0])

    beat(celery, kill_who_works)
    all_is_well(celery, began)
    again = [task for task in since(celery, began) if task["try_number"] > 1]
    assert again, "what the worker was at was tried again"


def _under_way(stack: Containers) -> list[dict[str, Any]]:
    latest = {dag_id: stack.api.latest_run(dag_id) for dag_id in HOURLY}
    return [
        task
        for dag_id, run in latest.items()
        if run
        for task in at_work(stack, dag_id, run["dag_run_id"])
        if task["state"] == "running"
    ]
