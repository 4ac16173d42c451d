"""The few calls of Airflow's Execution API that end a task without a worker process.

It is the versioned HTTP contract that every worker speaks (https://airflow.apache.org/docs/apache-airflow/3.3.2,
"Task Execution API"). The SDK's own client makes one connection pool and one TLS context per task; here one of each
serves thousands.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

log = logging.getLogger(__name__)

API_VERSION = "2026-06-30"
TIMEOUT_SECONDS = 30.0
FIRST_DELAY = 0.2
LONGEST_DELAY = 5.0


class TaskLost(Exception):
    """The task instance is no longer this process's to run: cleared, marked by a person, taken over, or deleted."""


@dataclass(frozen=True)
class Start:
    """What the server says of a task instance it has set running.

    `retries`: whether another try would follow if this one failed; `max_tries` counts from 0, as in Airflow.
    """

    retries: bool = False
    max_tries: int = 0


class ExecutionApi:
    """Calls on behalf of task instances; `token_of` makes the token of one (by its id).

    An API server that is away is waited for, without end: what has to be said stays true. Raises TaskLost when the
    server says that the task instance is not ours (any more).
    """

    def __init__(
        self, base_url: str, token_of: Callable[[str], str], transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._token_of = token_of
        limits = httpx.Limits(max_connections=8, max_keepalive_connections=8)
        headers = {"airflow-api-version": API_VERSION}
        self._http = httpx.AsyncClient(
            base_url=base_url, timeout=TIMEOUT_SECONDS, limits=limits, headers=headers, transport=transport
        )

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
        delay = FIRST_DELAY
        while True:
            headers = {"Authorization": f"Bearer {self._token_of(ti_id)}"}
            try:
                answer = await self._http.request(method, path, json=json, params=params, headers=headers)
            except httpx.TransportError as error:
                log.warning("The API server does not answer %s: %r. Trying again.", path, error)
            else:
                if answer.is_success or answer.status_code in accept:
                    return answer
                if answer.status_code < 500 and answer.status_code != 429:
                    raise TaskLost(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
                log.warning("The API server answers %s with %s. Trying again.", path, answer.status_code)
            await asyncio.sleep(delay)
            delay = min(2 * delay, LONGEST_DELAY)


def _part(text: str) -> str:
    return quote(text, safe="")
