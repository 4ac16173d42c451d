"""What a client of the public API sees beyond the happy path: who may call, problem documents, pages, filters."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.contracts.airbyte.client import CLIENT_ID, CLIENT_SECRET, PUBLIC, Airbyte
from tests.contracts.airbyte.conftest import MakeAirbyte
from tests.contracts.airbyte.shop import Database

UNKNOWN = "00000000-0000-4000-8000-000000000000"


def problem(answer: httpx.Response, status: int, title: str) -> dict[str, object]:
    """The problem document of a refusal, checked for its shape."""
    assert answer.status_code == status, answer.text
    document = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(document) == {"status", "type", "title", "detail", "documentationUrl", "data"}
    assert document["status"] == status
    assert document["title"] == title
    assert document["type"] == f"https://reference.airbyte.com/reference/errors#{title}"
    return dict(document["data"])


def test_health_needs_no_token_and_everything_else_does(airbyte: Airbyte) -> None:
    anonymous = httpx.Client(base_url=airbyte.standin.url)
    assert anonymous.get(f"{PUBLIC}/health").text == "Successful operation"
    for path in (f"{PUBLIC}/workspaces", f"{PUBLIC}/jobs", "/api/v1/jobs/get_without_logs", "/_local/faults"):
        problem(anonymous.get(path), 401, "invalid-api-key")


@pytest.mark.parametrize("encoding", ["data", "json"])
def test_a_token_is_given_for_a_form_and_for_json(airbyte: Airbyte, encoding: str) -> None:
    body = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "grant_type": "client_credentials"}
    answer = httpx.post(f"{airbyte.public_url}/applications/token", **{encoding: body})  # type: ignore[arg-type]
    assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
    assert answer.json()["token_type"] == "Bearer"


@pytest.mark.parametrize(("client_id", "secret"), [(CLIENT_ID, "wrong"), ("wrong", CLIENT_SECRET)])
def test_wrong_credentials_and_forged_tokens_get_401(airbyte: Airbyte, client_id: str, secret: str) -> None:
    body = {"client_id": client_id, "client_secret": secret}
    problem(httpx.post(f"{airbyte.public_url}/applications/token", json=body), 401, "invalid-api-key")
    token = airbyte.http.headers["Authorization"]
    forged = {"Authorization": token[:-3] + ("aaa" if token[-3:] != "aaa" else "bbb")}
    problem(httpx.get(f"{airbyte.public_url}/workspaces", headers=forged), 401, "invalid-api-key")


def test_a_token_outlives_a_restart_of_the_server(make_airbyte: MakeAirbyte) -> None:
    own = make_airbyte()
    own.standin.restart()
    assert own.workspace


def test_a_token_does_not_outlive_its_time(make_airbyte: MakeAirbyte) -> None:
    own = make_airbyte("--token-seconds", "1")
    time.sleep(1.1)
    problem(own.http.get(f"{PUBLIC}/workspaces"), 401, "invalid-api-key")


def test_secrets_are_masked_and_a_patch_with_the_mask_keeps_them(airbyte: Airbyte, shop: Database) -> None:
    source = airbyte.source("masked", "postgres", shop.configuration)
    read = airbyte.get(f"/sources/{source}")["configuration"]
    assert read["password"] == "**********"
    assert read["database"] == shop.name
    patched = airbyte.http.patch(f"{PUBLIC}/sources/{source}", json={"name": "renamed", "configuration": read})
    assert patched.json()["name"] == "renamed"
    assert [stream["streamName"] for stream in airbyte.get("/streams", sourceId=source, ignoreCache=True)] == ["orders"]


def test_a_configuration_that_the_connector_refuses_is_422_and_names_the_field(airbyte: Airbyte) -> None:
    body = {"name": "bad", "workspaceId": airbyte.workspace}
    missing = airbyte.post("/sources", {**body, "configuration": {"sourceType": "postgres", "host": "127.0.0.1"}})
    assert "port" in str(problem(missing, 422, "unprocessable-entity")["message"])
    unknown = airbyte.post("/sources", {**body, "configuration": {"sourceType": "oracle"}})
    assert "oracle" in str(problem(unknown, 400, "bad-request")["message"])


def test_what_does_not_exist_is_404_with_its_type_and_id(airbyte: Airbyte) -> None:
    for kind in ("source", "destination", "connection", "workspace"):
        data = problem(airbyte.http.get(f"{PUBLIC}/{kind}s/{UNKNOWN}"), 404, "resource-not-found")
        assert data == {"resourceType": kind, "resourceId": UNKNOWN}
    problem(airbyte.http.get(f"{PUBLIC}/nothing"), 404, "resource-not-found")
    problem(airbyte.post("/jobs", {"connectionId": UNKNOWN, "jobType": "sync"}), 404, "resource-not-found")


def test_an_unknown_job_is_the_conflict_that_the_platform_answers(airbyte: Airbyte) -> None:
    data = problem(airbyte.http.get(f"{PUBLIC}/jobs/99999999"), 409, "state-conflict")
    assert data == {"message": "Job is not currently running"}
    problem(airbyte.http.delete(f"{PUBLIC}/jobs/99999999"), 409, "state-conflict")


def test_a_body_that_is_no_json_or_lacks_a_field_is_400(airbyte: Airbyte) -> None:
    problem(airbyte.http.post(f"{PUBLIC}/jobs", content=b"{"), 400, "bad-request")
    assert "connectionId" in str(problem(airbyte.post("/jobs", {"jobType": "sync"}), 400, "bad-request")["message"])


def test_a_refresh_is_422_and_an_inactive_connection_409(airbyte: Airbyte, orders: str) -> None:
    refresh = airbyte.post("/jobs", {"connectionId": orders, "jobType": "refresh"})
    assert "not supported" in str(problem(refresh, 422, "unprocessable-entity")["message"])
    airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json={"status": "inactive"}).raise_for_status()
    inactive = airbyte.post("/jobs", {"connectionId": orders, "jobType": "sync"})
    assert problem(inactive, 409, "state-conflict")["message"] == "Could not fulfill request"


@pytest.mark.parametrize(
    ("stream", "complaint"),
    [
        ({"name": "nothing"}, "Invalid stream"),
        ({"name": "orders", "syncMode": "incremental_append"}, "No cursor field"),
        ({"name": "orders", "syncMode": "incremental_append", "cursorField": ["nothing"]}, "Invalid cursor field"),
        ({"name": "orders", "syncMode": "sideways"}, "not supported"),
        ({"name": "orders", "selectedFields": [{"fieldPath": ["nothing"]}]}, "Invalid selected field"),
    ],
)
def test_a_stream_the_source_cannot_give_is_refused_when_it_is_configured(
    airbyte: Airbyte, orders: str, stream: dict[str, object], complaint: str
) -> None:
    answer = airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json={"configurations": {"streams": [stream]}})
    assert complaint in str(problem(answer, 400, "bad-request")["message"])


def test_a_dedup_stream_without_primary_key_is_refused(airbyte: Airbyte, orders: str, shop: Database) -> None:
    shop.run("create table keyless (a int, updated_at timestamptz)")
    stream = {"name": "keyless", "syncMode": "incremental_deduped_history", "cursorField": ["updated_at"]}
    answer = airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json={"configurations": {"streams": [stream]}})
    assert "No primary key" in str(problem(answer, 400, "bad-request")["message"])


def test_a_list_is_paged_by_offset_until_it_is_empty(airbyte: Airbyte, shop: Database) -> None:
    made = {airbyte.source(f"page {number}", "postgres", shop.configuration) for number in range(5)}
    found: list[str] = []
    page = airbyte.get("/sources", limit=2)
    assert page["previous"] == ""
    while page["data"]:
        assert len(page["data"]) <= 2
        found += [source["sourceId"] for source in page["data"]]
        page = airbyte.http.get(page["next"]).raise_for_status().json()
    assert page["next"] == ""
    assert made <= set(found)
    assert len(found) == len(set(found))


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"limit": "x"}, {"offset": -1}, {"orderBy": "id|ASC"}])
def test_a_page_that_cannot_be_is_400(airbyte: Airbyte, query: dict[str, object]) -> None:
    problem(airbyte.http.get(f"{PUBLIC}/jobs", params=query), 400, "bad-request")  # type: ignore[arg-type]


def test_jobs_come_oldest_first_unless_asked_otherwise(airbyte: Airbyte, orders: str) -> None:
    jobs = [airbyte.run(orders)["jobId"] for _ in range(3)]

    def listed(**query: object) -> list[int]:
        return [job["jobId"] for job in airbyte.get("/jobs", connectionId=orders, **query)["data"]]

    assert listed() == jobs
    assert listed(orderBy="createdAt|DESC", limit=2) == jobs[::-1][:2]
    assert listed(status="failed") == []
    assert listed(status="succeeded", jobType="sync", limit=1, offset=1) == jobs[1:2]
    assert listed(createdAtStart="2100-01-01T00:00:00Z") == []
    assert listed(workspaceIds=UNKNOWN) == []


def test_a_deleted_connection_is_listed_only_when_asked_for(airbyte: Airbyte, orders: str) -> None:
    assert airbyte.http.delete(f"{PUBLIC}/connections/{orders}").status_code == 204
    problem(airbyte.http.get(f"{PUBLIC}/connections/{orders}"), 404, "resource-not-found")

    def listed(**query: object) -> dict[str, str]:
        page = airbyte.get("/connections", limit=100, **query)
        return {connection["connectionId"]: connection["status"] for connection in page["data"]}

    assert orders not in listed()
    assert listed(includeDeleted="true")[orders] == "deprecated"


def test_a_cron_schedule_comes_back_with_its_time_zone(airbyte: Airbyte, orders: str) -> None:
    schedule = {"scheduleType": "cron", "cronExpression": "0 0 * * * ?"}
    answer = airbyte.http.patch(f"{PUBLIC}/connections/{orders}", json={"schedule": schedule})
    assert answer.json()["schedule"] == {"scheduleType": "cron", "cronExpression": "0 0 * * * ? UTC"}


def test_a_fault_of_no_known_kind_is_400(airbyte: Airbyte) -> None:
    data = problem(airbyte.http.post("/_local/faults", json={"kind": "earthquake"}), 400, "bad-request")
    assert "lost_post_response" in str(data["message"])
