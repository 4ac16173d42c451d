"""The two calls that go without HTTP: what the API's functions raise, and which model each state's end is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from fastapi import HTTPException
from sqlalchemy.exc import DataError, OperationalError

from include.transform import direct_api, execution_api
from include.transform.direct_api import DirectExecutionApi
from include.transform.execution_api import TaskLost

NOW = "2026-11-23T10:00:00+00:00"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution_api, "FIRST_DELAY", 0.0)


def asked(call: Callable[[], Any]) -> Any:
    async def ask() -> Any:
        api = DirectExecutionApi(httpx.MockTransport(lambda request: httpx.Response(500)))
        try:
            return await api._directly(call)
        finally:
            await api.close()

    return asyncio.run(ask())


def raising(*errors: Exception) -> Callable[[], str]:
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


@pytest.mark.parametrize(
    "trouble",
    [
        HTTPException(500, "Database error occurred"),
        HTTPException(503, "not now"),
        HTTPException(429, "too many"),
        OperationalError("update task_instance", {}, Exception("the server closed the connection")),
    ],
)
def test_a_database_in_trouble_is_waited_for(trouble: Exception) -> None:
    assert asked(raising(trouble, trouble)) == "done"


@pytest.mark.parametrize("status", [404, 409, 410, 422])
def test_a_task_that_is_not_ours_is_given_up(status: int) -> None:
    with pytest.raises(TaskLost, match=f"{status}.*invalid_state"):
        asked(raising(HTTPException(status, {"reason": "invalid_state"})))


def test_what_the_database_cannot_store_is_not_said_for_ever() -> None:
    with pytest.raises(TaskLost, match="cannot be stored"):
        asked(raising(DataError("update task_instance", {}, Exception("value too long"))))


@pytest.mark.parametrize(
    ("body", "model"),
    [
        ({"state": "success", "end_date": NOW, "task_outlets": [], "outlet_events": []}, "TISuccessStatePayload"),
        ({"state": "failed", "end_date": NOW}, "TITerminalStatePayload"),
        ({"state": "skipped", "end_date": NOW}, "TITerminalStatePayload"),
        ({"state": "upstream_failed", "end_date": NOW}, "TITerminalStatePayload"),
        ({"state": "up_for_retry", "end_date": NOW}, "TIRetryStatePayload"),
        ({"state": "up_for_reschedule", "reschedule_date": NOW, "end_date": NOW}, "TIRescheduleStatePayload"),
    ],
)
def test_each_end_is_the_model_that_the_api_has_for_it(body: dict[str, Any], model: str) -> None:
    update = direct_api._state_update(body)
    assert (type(update).__name__, update.state.value) == (model, body["state"])
