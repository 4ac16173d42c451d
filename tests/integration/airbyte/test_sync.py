"""The sync task against a server that runs real connectors into a warehouse, healthy and failing."""

from __future__ import annotations

import threading
import time
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred

from include.airbyte.builder import sync
from include.airbyte.operator import JOB_KEY, AirbyteSyncOperator
from include.sources import catalog

pytestmark = pytest.mark.usefixtures("airflow_connection")


def task(source: str, **options: Any) -> AirbyteSyncOperator:
    built = sync(source, **{"deferrable": False, "timeout": 300.0, **options})
    assert isinstance(built, AirbyteSyncOperator)
    return built


def test_a_sync_reports_each_stream_as_the_warehouse_has_it(provisioned, context):
    operator = task("storefront")
    result = operator.execute(context)
    assert result["status"] == "succeeded"
    with psycopg.connect(provisioned.postgres.dsn("storefront")) as database:
        (plans,) = database.execute("select count(*) from plans").fetchone() or (0,)
    loaded = {name: provisioned.rows(f"RAW.STOREFRONT.{name.upper()}") for name in operator.streams}
    # The first test of this module finds the tables empty, so what was moved is what is there.
    assert {name: figures["rows"] for name, figures in result["streams"].items()} == loaded
    assert loaded["plans"] == plans
    assert loaded["order_lines"] > loaded["orders"] > 0
    assert result["rows"] == sum(loaded.values())
    for name, asset in operator.streams.items():
        extra = context["outlet_events"][asset].extra
        assert (extra["stream"], extra["rows"], extra["job_id"]) == (name, loaded[name], result["job_id"])
        assert extra["bytes"] > 0
        assert extra["seconds"] == result["seconds"]


def test_the_next_sync_moves_only_what_is_new(provisioned, context):
    task("storefront").execute(context)
    before = provisioned.rows("RAW.STOREFRONT.BUYERS")
    result = task("storefront").execute(context)
    assert result["streams"]["buyers"]["rows"] < before
    assert provisioned.rows("RAW.STOREFRONT.BUYERS") == before


@pytest.mark.parametrize("source", [source.name for source in catalog.sources()])
def test_every_declared_source_can_be_synced(provisioned, context, source):
    result = task(source).execute(context)
    assert result["status"] == "succeeded"
    for stream in catalog.source(source).streams:
        assert provisioned.rows(f"RAW.{source}.{stream}") > 0


def test_a_long_sync_defers_and_ends_as_the_trigger_says(provisioned, context):
    provisioned.fault(kind="start_delay", connection="storefront", s=2)
    operator = task("storefront", deferrable=True, inline_seconds=0.0)
    with pytest.raises(TaskDeferred) as deferral:
        operator.execute(context)

    async def fire() -> Any:
        return await anext(deferral.value.trigger.run())

    import asyncio

    event = asyncio.run(fire()).payload
    result = task("storefront").execute_complete(context, event=event, **(deferral.value.kwargs or {}))
    assert result["status"] == "succeeded"
    assert result["job_id"] == provisioned.jobs("storefront")[0]["jobId"]
    assert JOB_KEY not in context["task_state_store"]


def test_a_job_that_waits_in_the_queue_is_waited_for(provisioned, context):
    provisioned.fault(kind="queued", connection="storefront", s=2)
    assert task("storefront").execute(context)["status"] == "succeeded"


def test_errors_while_polling_neither_fail_the_task_nor_start_a_second_sync(provisioned, context):
    before = len(provisioned.jobs("storefront"))
    provisioned.fault(kind="http", method="GET", path="/jobs", status=500, n=6)
    assert task("storefront").execute(context)["status"] == "succeeded"
    assert len(provisioned.jobs("storefront")) == before + 1


def test_a_lost_answer_to_the_start_leaves_one_sync(provisioned, context):
    before = len(provisioned.jobs("storefront"))
    provisioned.fault(kind="lost_post_response", connection="storefront", s=0)
    result = task("storefront", on_conflict="fail").execute(context)
    jobs = provisioned.jobs("storefront")
    assert (len(jobs), jobs[0]["jobId"]) == (before + 1, result["job_id"])


def test_tokens_that_expire_during_a_sync_are_renewed(provisioned, context):
    provisioned.fault(kind="expire_tokens")
    assert task("storefront").execute(context)["status"] == "succeeded"


def test_an_airbyte_that_restarts_fails_the_job_and_the_next_try_succeeds(provisioned, context):
    provisioned.fault(kind="hang", connection="storefront", s=60)
    operator = task("storefront")
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            operator.execute(context)
        except Exception as error:
            outcome.append(error)

    running = threading.Thread(target=run)
    running.start()
    _wait_until(lambda: JOB_KEY in context["task_state_store"])
    provisioned.airbyte.kill()
    provisioned.airbyte.start()
    running.join(120)
    assert isinstance(outcome[0], AirflowException)
    assert "restart" in str(outcome[0])
    assert task("storefront").execute(context)["status"] == "succeeded"


def test_a_wrong_secret_fails_at_once_with_the_connectors_reason(provisioned, context, run_provision, monkeypatch):
    monkeypatch.setenv("PAYMENTS_API_KEY", "sk_test_wrong_0000000000")
    assert run_provision()[0] == 0
    try:
        with pytest.raises(AirflowFailException, match="config_error") as error:
            task("payments").execute(context)
    finally:
        monkeypatch.undo()
        assert run_provision()[0] == 0
    assert "sk_test_wrong" not in str(error.value)


def test_being_killed_stops_the_sync_in_airbyte(provisioned, context):
    provisioned.fault(kind="hang", connection="storefront", s=60)
    operator = task("storefront")
    outcome: list[BaseException] = []

    def run() -> None:
        try:
            operator.execute(context)
        except Exception as error:
            outcome.append(error)

    running = threading.Thread(target=run)
    running.start()
    _wait_until(lambda: JOB_KEY in context["task_state_store"])
    operator.on_kill()
    running.join(60)
    assert "asked to stop" in str(outcome[0])
    _wait_until(lambda: provisioned.jobs("storefront")[0]["status"] == "cancelled")


def test_a_deadline_stops_the_sync_in_airbyte(provisioned, context):
    provisioned.fault(kind="hang", connection="storefront", s=60)
    with pytest.raises(AirflowException, match="at its deadline"):
        task("storefront", timeout=2.0).execute(context)
    _wait_until(lambda: provisioned.jobs("storefront")[0]["status"] == "cancelled")


def _wait_until(condition: Any, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.1)
