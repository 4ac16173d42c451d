"""The few calls of Airflow's Execution API that end a task without a worker process.

It is the versioned contract that every worker speaks over HTTP (https://airflow.apache.org/docs/apache-airflow/3.3.2,
"Task Execution API"). Here the same application answers in this process, as it does in Airflow's own triggerer and DAG
processor, and the API server is left to the people who look at it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import httpx

log = logging.getLogger(__name__)

T = TypeVar("T")

API_VERSION = "2026-06-30"
# Nobody is called by it; a client of HTTP needs one.
BASE_URL = "http://in-process.invalid/"
TI_HEADER = b"x-task-instance"
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0


class TaskLost(Exception):
    """The task instance is no longer this process's to run: cleared, marked by a person, taken over, or deleted."""


class Unavailable(Exception):
    """Airflow cannot answer at this moment; the same call is good later."""


@dataclass(frozen=True)
class Start:
    """What the server says of a task instance it has set running.

    `retries`: whether another try would follow if this one failed; `max_tries` counts from 0, as in Airflow.
    """

    retries: bool = False
    max_tries: int = 0


@asynccontextmanager
async def application() -> AsyncIterator[httpx.AsyncBaseTransport]:
    """The way to the API's application in this process, which asks Airflow's metadata database.

    For a process that was forked from another: the connections that the other holds are left to it.
    """
    from airflow import settings
    from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI

    if settings.engine is not None:
        settings.engine.dispose(close=False)
    app = InProcessExecutionAPI().app
    # With a single override FastAPI inspects the signature of every dependency anew in each request, a quarter of its
    # cost; they let everybody in, and a token that is there lets the task in just as well.
    app.dependency_overrides.clear()
    # A failure of the application is an answer (500) and not an exception: it is tried again.
    transport = httpx.ASGITransport(app=_with_token(app), raise_app_exceptions=False)
    async with app.router.lifespan_context(app):
        yield transport


def _with_token(app: Any) -> Any:
    """The application, told for which task instance it is asked, as its own check of a token would tell it."""
    from airflow.api_fastapi.execution_api import security
    from airflow.api_fastapi.execution_api.datamodels.token import TIClaims, TIToken

    async def asked(scope: dict[str, Any], receive: Any, send: Any) -> None:
        ti_id = dict(scope["headers"])[TI_HEADER].decode()
        token = TIToken(id=UUID(ti_id), claims=TIClaims(scope="execution"))
        await app({**scope, security._REQUEST_SCOPE_TOKEN_KEY: token}, receive, send)

    return asked


class ExecutionApi:
    """Calls on behalf of task instances.

    A database that is away is waited for, without end: what has to be said stays true. Raises TaskLost when the answer
    is that the task instance is not ours (any more).
    """

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        headers = {"airflow-api-version": API_VERSION}
        self._http = httpx.AsyncClient(base_url=BASE_URL, headers=headers, transport=transport)

    async def run(self, ti_id: str, *, hostname: str, unixname: str, pid: int, started_at: str) -> Start:
        """Set the task instance running. Saying it again, under the same names, is harmless."""
        body = {"state": "running", "hostname": hostname, "unixname": unixname, "pid": pid, "start_date": started_at}
        answer = await self._call("PATCH", f"task-instances/{ti_id}/run", ti_id, json=body)
        context = answer.json()
        return Start(retries=bool(context.get("should_retry")), max_tries=int(context.get("max_tries") or 0))

    async def heartbeat(self, ti_id: str, *, hostname: str, pid: int) -> None:
        """Say that the task instance is watched."""
        await self._call("PUT", f"task-instances/{ti_id}/heartbeat", ti_id, json={"hostname": hostname, "pid": pid})

    async def finish(self, ti_id: str, state: str, **facts: Any) -> None:
        """Set the task instance to a state; `facts` as the state asks for (end_date, task_outlets, ...)."""
        await self._call("PATCH", f"task-instances/{ti_id}/state", ti_id, json={"state": state, **facts})

    async def state_of(self, ti_id: str, *, dag_id: str, run_id: str, task_id: str) -> str | None:
        """The state of another task of the run, None when it has none yet."""
        query = {"dag_id": dag_id, "task_ids": task_id, "run_ids": run_id}
        answer = await self._call("GET", "task-instances/states", ti_id, params=query)
        state = answer.json()["task_states"].get(run_id, {}).get(task_id)
        return str(state) if state else None

    async def xcom(self, ti_id: str, *, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        """The value of an XCom, None when it is not there."""
        path = f"xcoms/{_part(dag_id)}/{_part(run_id)}/{_part(task_id)}/{_part(key)}"
        answer = await self._call("GET", path, ti_id, accept=(404,))
        return None if answer.status_code == 404 else answer.json()["value"]

    async def stored(self, ti_id: str, key: str) -> Any:
        """A value of the task's state store, which outlives its tries; None when it is not there."""
        answer = await self._call("GET", f"store/ti/{ti_id}/{_part(key)}", ti_id, accept=(404,))
        return None if answer.status_code == 404 else answer.json()["value"]

    async def store(self, ti_id: str, key: str, value: Any) -> None:
        """Write a value of the task's state store."""
        await self._call("PUT", f"store/ti/{ti_id}/{_part(key)}", ti_id, json={"value": value})

    async def close(self) -> None:
        await self._http.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        ti_id: str,
        *,
        json: Any = None,
        params: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> httpx.Response:

        async def ask() -> httpx.Response:
            answer = await self._http.request(
                method, path, json=json, params=params, headers={TI_HEADER.decode(): ti_id}
            )
            if answer.is_success or answer.status_code in accept:
                return answer
            raise refused(answer.status_code, f"{method} {path}: {answer.text[:500]}")

        return await patiently(ask)


def refused(status: int, reason: str) -> TaskLost | Unavailable:
    """What an answer that is not good says: Airflow's own trouble passes, a refusal of the task stays."""
    what = f"{status} {reason}"
    return Unavailable(what) if status >= 500 or status == 429 else TaskLost(what)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """The answer, however long Airflow cannot give one."""
    delay = FIRST_DELAY
    while True:
        try:
            return await ask()
        except Unavailable as error:
            log.warning("Airflow has no answer now, trying again. %s", error)
        await asyncio.sleep(delay)
        delay = min(2 * delay, LONGEST_DELAY)


def _part(text: str) -> str:
    return quote(text, safe="")
