"""Airflow's own provider for Airbyte, unmodified: what it does in production it does here."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from airflow.exceptions import AirflowException
from airflow.providers.airbyte.hooks.airbyte import AirbyteHook
from airflow.providers.airbyte.operators.airbyte import AirbyteTriggerSyncOperator

from tests.contracts.airbyte.client import CLIENT_ID, CLIENT_SECRET, Airbyte
from tests.contracts.airbyte.shop import Database, insert_orders


@pytest.fixture(autouse=True)
def _connection(airbyte: Airbyte) -> Iterator[None]:
    os.environ["AIRFLOW_CONN_AIRBYTE_CONTRACT"] = json.dumps(
        {
            "conn_type": "airbyte",
            "host": airbyte.public_url,
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {"timeout": 120},
        }
    )
    yield
    del os.environ["AIRFLOW_CONN_AIRBYTE_CONTRACT"]


@pytest.fixture
def hook() -> AirbyteHook:
    return AirbyteHook(airbyte_conn_id="airbyte_contract")


def operator(connection: str, **options: Any) -> AirbyteTriggerSyncOperator:
    return AirbyteTriggerSyncOperator(
        task_id="sync", connection_id=connection, airbyte_conn_id="airbyte_contract", wait_seconds=0.2, **options
    )


def test_the_connection_test_is_green(hook: AirbyteHook) -> None:
    assert hook.test_connection() == (True, "Connection successfully tested")


def test_the_operator_waits_for_the_sync_and_returns_its_job(airbyte: Airbyte, orders: str, shop: Database) -> None:
    shop.run(insert_orders(1, 5))
    job_id: Any = operator(orders).execute({})  # type: ignore[func-returns-value]
    assert airbyte.job(job_id)["status"] == "succeeded"
    assert airbyte.job(job_id)["rowsSynced"] == 5


def test_the_operator_fails_when_the_job_fails(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("fail_job", failure_type="config_error")
    with pytest.raises(AirflowException, match="failed"):
        operator(orders).execute({})


def test_a_second_sync_is_refused_while_one_runs(airbyte: Airbyte, orders: str, hook: AirbyteHook) -> None:
    airbyte.fault("hang", s=60)
    job = hook.submit_sync_connection(connection_id=orders)
    with pytest.raises(AirflowException, match="A sync is already running for"):
        hook.submit_sync_connection(connection_id=orders)
    hook.cancel_job(job_id=job.job_id)
    assert hook.get_job_status(job_id=job.job_id) == "cancelled"


def test_the_status_queued_breaks_the_stock_operator_as_it_does_in_production(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("queued", s=3)
    with pytest.raises(AirflowException, match=r"(?i)unexpected state.*queued"):
        operator(orders).execute({})


def test_a_timed_out_operator_cancels_its_job(airbyte: Airbyte, orders: str, hook: AirbyteHook) -> None:
    airbyte.fault("hang", s=60)
    with pytest.raises(AirflowException):
        operator(orders, timeout=1).execute({})
    assert airbyte.get("/jobs", connectionId=orders)["data"][-1]["status"] == "cancelled"
