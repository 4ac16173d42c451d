"""The Execution API's frequent calls, a few per model and one per look at a build, answered by the API's own functions.

Through HTTP's layers (client, routing, validation of the answer, a thread for each) a call costs three times what it
does itself; with thousands of models a build that is the greatest part of a pipeline's price. What is called, and what
it checks and writes, is the same. The rare calls go through the application.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

import httpx

from include.transform.execution_api import ExecutionApi, Start, TaskLost, Unavailable, application, patiently, refused

T = TypeVar("T")


@asynccontextmanager
async def in_process() -> AsyncIterator[DirectExecutionApi]:
    """The API answered by this process, from Airflow's metadata database; for a process that was forked from another.

    The connections that the other process holds are left to it.
    """
    async with application() as transport:
        api = DirectExecutionApi(transport)
        try:
            yield api
        finally:
            await api.close()


class DirectExecutionApi(ExecutionApi):
    """An ExecutionApi whose frequent calls go without HTTP, one after the other in a thread of their own."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        super().__init__(transport)
        from airflow.api_fastapi.common.dagbag import create_dag_bag

        self._dag_bag = create_dag_bag()
        # Python in one process: a second thread would only wait for the first.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="execution-api")

    async def run(self, ti_id: str, *, hostname: str, unixname: str, pid: int, started_at: str) -> Start:
        body = {"state": "running", "hostname": hostname, "unixname": unixname, "pid": pid, "start_date": started_at}
        return await self._directly(lambda: self._run(ti_id, body))

    async def finish(self, ti_id: str, state: str, **facts: Any) -> None:
        await self._directly(lambda: self._finish(ti_id, {"state": state, **facts}))

    async def heartbeat(self, ti_id: str, *, hostname: str, pid: int) -> None:
        await self._directly(lambda: self._heartbeat(ti_id, hostname, pid))

    async def state_of(self, ti_id: str, *, dag_id: str, run_id: str, task_id: str) -> str | None:
        return await self._directly(lambda: self._state_of(dag_id, run_id, task_id))

    async def xcom(self, ti_id: str, *, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        return await self._directly(lambda: self._xcom(dag_id, run_id, task_id, key))

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
        await super().close()

    def _run(self, ti_id: str, body: dict[str, Any]) -> Start:
        from airflow.api_fastapi.execution_api.datamodels.taskinstance import TIEnterRunningPayload
        from airflow.api_fastapi.execution_api.datamodels.token import TIClaims, TIToken
        from airflow.api_fastapi.execution_api.routes import task_instances
        from airflow.utils.session import create_session
        from fastapi import Response

        token = TIToken(id=UUID(ti_id), claims=TIClaims(scope="execution"))
        payload = TIEnterRunningPayload.model_validate(body)
        with create_session(scoped=False) as session:
            context = task_instances.ti_run(
                UUID(ti_id), payload, Response(), session, self._dag_bag, services=None, token=token
            )
        return Start(retries=bool(context.should_retry), max_tries=context.max_tries or 0)

    def _finish(self, ti_id: str, body: dict[str, Any]) -> None:
        from airflow.api_fastapi.execution_api.routes import task_instances
        from airflow.utils.session import create_session

        payload = _state_update(body)
        with create_session(scoped=False) as session:
            task_instances.ti_update_state(UUID(ti_id), payload, session, self._dag_bag)

    def _heartbeat(self, ti_id: str, hostname: str, pid: int) -> None:
        from airflow.api_fastapi.execution_api.datamodels.taskinstance import TIHeartbeatInfo
        from airflow.api_fastapi.execution_api.routes import task_instances
        from airflow.utils.session import create_session

        with create_session(scoped=False) as session:
            task_instances.ti_heartbeat(UUID(ti_id), TIHeartbeatInfo(hostname=hostname, pid=pid), session)

    def _state_of(self, dag_id: str, run_id: str, task_id: str) -> str | None:
        from airflow.api_fastapi.execution_api.routes import task_instances
        from airflow.utils.session import create_session

        with create_session(scoped=False) as session:
            answer = task_instances.get_task_instance_states(
                dag_id, session, self._dag_bag, map_index=None, task_ids=[task_id], run_ids=[run_id]
            )
        state = answer.task_states.get(run_id, {}).get(task_id)
        return str(state) if state else None

    def _xcom(self, dag_id: str, run_id: str, task_id: str, key: str) -> Any:
        from airflow.api_fastapi.execution_api.routes import xcoms
        from airflow.utils.session import create_session
        from fastapi import HTTPException, status

        with create_session(scoped=False) as session:
            try:
                return xcoms.get_xcom(dag_id, run_id, task_id, key, session, xcoms.GetXcomFilterParams()).value
            except HTTPException as answer:
                if answer.status_code == status.HTTP_404_NOT_FOUND:
                    return None
                raise

    async def _directly(self, call: Callable[[], T]) -> T:
        from fastapi import HTTPException
        from sqlalchemy.exc import DataError, SQLAlchemyError

        async def ask() -> T:
            try:
                return await asyncio.get_running_loop().run_in_executor(self._thread, call)
            except HTTPException as answer:
                raise refused(answer.status_code, str(answer.detail)) from answer
            except DataError as error:
                raise TaskLost(f"What was said of it cannot be stored: {error}") from error
            except SQLAlchemyError as error:
                raise Unavailable(str(error)) from error

        return await patiently(ask)


def _state_update(body: Mapping[str, Any]) -> Any:
    """The body as the model that the API has for its state."""
    from airflow.api_fastapi.execution_api.datamodels import taskinstance as models

    wanted: dict[str, Any] = {
        "success": models.TISuccessStatePayload,
        "_terminal_": models.TITerminalStatePayload,
        "up_for_reschedule": models.TIRescheduleStatePayload,
        "up_for_retry": models.TIRetryStatePayload,
    }
    return wanted[models.ti_state_discriminator(dict(body))].model_validate(body)
