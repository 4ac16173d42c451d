"""The Execution API's two calls that every model's task makes, answered by the API's own functions.

Through HTTP's layers (client, routing, validation of the answer, a thread for each) a call costs three times what it
does itself; with thousands of models a build that is the greatest part of a pipeline's price. What is called, and what
it checks and writes, is the same. Every other call goes through the application.
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
    """An ExecutionApi whose `run` and `finish` go without HTTP, one after the other in a thread of their own."""

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
