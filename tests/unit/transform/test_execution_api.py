"""The client of the Execution API: it waits for a database that is away and gives up what is not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from include.transform import execution_api
from include.transform.execution_api import ExecutionApi, TaskLost


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_api, "FIRST_DELAY", 0.0)


def client(answer: Callable[[httpx.Request], httpx.Response]) -> ExecutionApi:
    return ExecutionApi(httpx.MockTransport(answer))


def test_each_call_names_the_version_of_the_contract() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    asyncio.run(client(answer).finish("ti-1", "skipped", end_date="now"))
    (request,) = seen
    assert request.headers["airflow-api-version"] == execution_api.API_VERSION
    assert (request.method, request.url.path) == ("PATCH", "/task-instances/ti-1/state")


@pytest.mark.parametrize("trouble", [500, 503, 429])
def test_a_database_in_trouble_is_waited_for(trouble: int) -> None:
    calls = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal calls
        calls += 1
        if calls < 3:
            return httpx.Response(trouble)
        return httpx.Response(200, json={"should_retry": True, "max_tries": 1})

    start = asyncio.run(client(answer).run("ti", hostname="h", unixname="u", pid=1, started_at="now"))
    assert (start.retries, start.max_tries, calls) == (True, 1, 3)


@pytest.mark.parametrize("status", [404, 409, 410, 422])
def test_a_task_that_is_not_ours_is_given_up(status: int) -> None:
    with pytest.raises(TaskLost, match=str(status)):
        asyncio.run(client(lambda request: httpx.Response(status, text="no")).heartbeat("ti", hostname="h", pid=1))


def test_an_xcom_that_is_not_there_is_none() -> None:
    place = {"dag_id": "d", "run_id": "manual__2026-11-23T10:00:00+00:00", "task_id": "g.t", "key": "plan"}
    assert asyncio.run(client(lambda request: httpx.Response(404)).xcom("ti", **place)) is None


def test_names_are_quoted_in_addresses() -> None:
    seen: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"value": 1})

    place = {"dag_id": "d", "run_id": "manual__10:00+00:00", "task_id": "g.t", "key": "plan"}
    assert asyncio.run(client(answer).xcom("ti", **place)) == 1
    assert seen == ["/xcoms/d/manual__10%3A00%2B00%3A00/g.t/plan"]
