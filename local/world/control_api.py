"""Control for tests and drills: the clock, and faults to come.

No real system has this, so nothing but tests and drills may use it.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.world.clock import Clock, ClockError
from local.world.ticker import Ticker
from local.world.timeline import CYCLE_SECONDS


class ClockChange(BaseModel):
    """Any of: stop, go forward, run again; applied in this order."""

    model_config = ConfigDict(extra="forbid")

    freeze: bool = False
    advance_seconds: float = Field(default=0, allow_inf_nan=False)
    now: AwareDatetime | None = None
    release: bool = False

    def apply(self, clock: Clock) -> Clock:
        """The changed clock. Raises ClockError if it would go backwards."""
        if self.freeze:
            clock = clock.freeze()
        if self.advance_seconds:
            clock = clock.advance_to(clock.now() + timedelta(seconds=self.advance_seconds))
        if self.now is not None:
            clock = clock.advance_to(self.now)
        return clock.release() if self.release else clock


class Fault(BaseModel):
    """Requests below a path that are to be delayed, and to fail with a status if one is given."""

    model_config = ConfigDict(extra="forbid")

    path_prefix: str = Field(pattern="^/")
    status: int | None = Field(default=None, ge=400, le=599)
    times: int = Field(default=1, ge=1)
    delay_s: float = Field(default=0, ge=0, le=600)


@dataclass
class _Armed:
    fault: Fault
    left: int


class Faults:
    """The faults that are armed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[_Armed] = []

    def arm(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(_Armed(fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def take(self, path: str) -> Fault | None:
        """The fault this request runs into, used up by one."""
        with self._lock:
            for armed in self._armed:
                if path.startswith(armed.fault.path_prefix):
                    armed.left -= 1
                    if not armed.left:
                        self._armed.remove(armed)
                    return armed.fault
        return None


class FaultMiddleware:
    """Lets requests run into the armed faults; control and health never do."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app, self._faults = app, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        fault = None
        if scope["type"] == "http" and not path.startswith(("/_local/", "/health")):
            fault = self._faults.take(path)
        if fault is not None:
            await asyncio.sleep(fault.delay_s)
            if fault.status is not None:
                message = "This failure was ordered through /_local/faults."
                body = {"error": {"type": "api_error", "message": message}}
                await JSONResponse(body, status_code=fault.status)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class ControlApi:
    """The routes below /_local."""

    def __init__(self, ticker: Ticker, faults: Faults) -> None:
        self._ticker, self._faults = ticker, faults

    def routes(self) -> list[Route]:
        return [
            Route("/clock", self._read_clock, methods=["GET"]),
            Route("/clock", self._change_clock, methods=["POST"]),
            Route("/faults", self._arm, methods=["POST"]),
            Route("/faults", self._clear, methods=["DELETE"]),
        ]

    def _read_clock(self, _: Request) -> Response:
        return JSONResponse(self._clock())

    async def _change_clock(self, request: Request) -> Response:
        def change() -> Response:
            parsed = ClockChange.model_validate_json(body or b"{}")
            self._ticker.change_clock(parsed.apply)
            return JSONResponse(self._clock())

        body = await request.body()
        return await run_in_threadpool(_answering, change)

    async def _arm(self, request: Request) -> Response:
        def arm() -> Response:
            self._faults.arm(Fault.model_validate_json(body))
            return JSONResponse({"armed": True})

        body = await request.body()
        return _answering(arm)

    def _clear(self, _: Request) -> Response:
        self._faults.clear()
        return JSONResponse({"armed": False})

    def _clock(self) -> dict[str, Any]:
        clock, timeline = self._ticker.clock, self._ticker.timeline
        now = clock.now()
        return {
            "now": now.isoformat(),
            "data_now": (now - timedelta(seconds=timeline.offset)).isoformat(),
            "offset_seconds": timeline.offset,
            "frozen": clock.frozen_at is not None,
            "history_start": timeline.moment(timeline.history_start).isoformat(),
            "cycle_seconds": CYCLE_SECONDS,
        }


def _answering(action: Callable[[], Response]) -> Response:
    try:
        return action()
    except ClockError as error:
        return JSONResponse({"error": str(error)}, status_code=409)
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(map(str, problem["loc"])) or "body"
        return JSONResponse({"error": f"{field}: {problem['msg']}."}, status_code=400)
