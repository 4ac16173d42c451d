"""Each fault, seen from the client's side as its original would be."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.contracts.airbyte.client import PUBLIC, Airbyte
from tests.contracts.airbyte.conftest import MakeAirbyte
from tests.contracts.airbyte.shop import Database, Warehouse


def test_failed_attempts_are_incomplete_until_one_succeeds(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("fail_attempts", n=2)
    job_id = airbyte.start(orders)
    airbyte.wait(job_id, lambda job: job["status"] == "incomplete")
    assert airbyte.wait(job_id)["status"] == "succeeded"
    statuses = [attempt["attempt"]["status"] for attempt in airbyte.details(job_id)["attempts"]]
    assert statuses == ["failed", "failed", "succeeded"]


def test_a_transient_error_uses_up_all_attempts_and_a_config_error_only_one(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("fail_job", failure_type="transient_error")
    failed = airbyte.run(orders)
    assert failed["status"] == "failed"
    assert len(airbyte.details(failed["jobId"])["attempts"]) == 3
    airbyte.fault("fail_job", failure_type="config_error")
    assert len(airbyte.details(airbyte.run(orders)["jobId"])["attempts"]) == 1


def test_a_fault_for_another_connection_strikes_nobody_else(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("fail_job", connection="somebody else")
    assert airbyte.run(orders)["status"] == "succeeded"


def test_a_hanging_sync_can_be_cancelled_and_then_started_again(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("hang", s=120)
    job_id = airbyte.start(orders)
    airbyte.wait(job_id, lambda job: job["status"] == "running")
    assert airbyte.post("/jobs", {"connectionId": orders, "jobType": "sync"}).status_code == 409
    assert airbyte.http.delete(f"{PUBLIC}/jobs/{job_id}").json()["status"] == "cancelled"
    assert airbyte.run(orders)["status"] == "succeeded"


def test_a_conflict_is_answered_although_nothing_runs(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("conflict", times=1)
    assert airbyte.post("/jobs", {"connectionId": orders, "jobType": "sync"}).status_code == 409
    assert airbyte.get("/jobs", connectionId=orders)["data"] == []


def test_a_lost_response_leaves_a_job_that_the_client_has_to_find(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("lost_post_response", delay_s=3)
    body = {"connectionId": orders, "jobType": "sync"}
    with pytest.raises(httpx.ReadTimeout):
        airbyte.http.post(f"{PUBLIC}/jobs", json=body, timeout=1)
    (job,) = airbyte.get("/jobs", connectionId=orders, orderBy="createdAt|DESC")["data"]
    assert airbyte.wait(job["jobId"])["status"] == "succeeded"


def test_an_http_fault_strikes_its_method_and_path_as_often_as_asked(airbyte: Airbyte) -> None:
    airbyte.fault("http", method="GET", path="/jobs", status=503, times=2)
    statuses = [airbyte.http.get(f"{PUBLIC}/jobs").status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert airbyte.http.get(f"{PUBLIC}/workspaces").status_code == 200


def test_expired_tokens_are_refused_and_new_ones_are_not(make_airbyte: MakeAirbyte) -> None:
    own = make_airbyte()
    own.fault("expire_tokens")
    assert own.http.get(f"{PUBLIC}/workspaces").status_code == 401
    own.authenticate()
    assert own.http.get(f"{PUBLIC}/workspaces").status_code == 200


def test_a_server_started_without_the_flag_has_no_faults(warehouse: Warehouse) -> None:
    from tests.standins import start

    standin = start("airbyte")
    try:
        answer = Airbyte(standin).http.post("/_local/faults", json={"kind": "conflict"})
        assert answer.status_code == 404
        assert "--enable-faults" in answer.text
    finally:
        standin.stop()


def test_jobs_beyond_the_places_there_are_wait_as_queued(
    make_airbyte: MakeAirbyte, shop: Database, warehouse: Warehouse
) -> None:
    own = make_airbyte("--max-parallel-jobs", "1")
    source, destination = own.source("shop", "postgres", shop.configuration), own.destination(warehouse.configuration)
    first, second = (own.connection(name, source, destination, [{"name": "orders"}]) for name in ("one", "two"))
    own.fault("hang", connection="one", s=60)
    running = own.start(first)
    own.wait(running, lambda job: job["status"] == "running")
    waiting = own.start(second)
    own.wait(waiting, lambda job: job["status"] == "queued")
    # A place that is free again is taken by the one that waited.
    own.http.delete(f"{PUBLIC}/jobs/{running}").raise_for_status()
    assert own.wait(waiting)["status"] == "succeeded"


def test_a_start_delay_keeps_the_job_pending_without_a_duration(airbyte: Airbyte, orders: str) -> None:
    airbyte.fault("start_delay", s=1)
    job_id = airbyte.start(orders)
    time.sleep(0.3)
    job = airbyte.job(job_id)
    assert (job["status"], job["duration"], job["lastUpdatedAt"]) == ("pending", None, None)
    done = airbyte.wait(job_id)
    assert done["duration"].startswith("PT")
    assert done["lastUpdatedAt"]
