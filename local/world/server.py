"""The HTTP side of the world: payments, analytics and control on one port, all showing the ticker's moment."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import psycopg_pool
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route

from local.world.analytics_api import AnalyticsApi
from local.world.control_api import ControlApi, FaultMiddleware, Faults
from local.world.payments_api import PaymentsApi
from local.world.store import StoreError
from local.world.ticker import Ticker
from local.world.visits import Visits


@dataclass(frozen=True)
class Credentials:
    """What clients must present."""

    payments_key: str
    analytics_key: str
    analytics_secret: str


def application(ticker: Ticker, *, dsn: str, credentials: Credentials, data_dir: Path) -> Starlette:
    """The ASGI application; it runs the ticker for as long as it is served."""
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    pool = psycopg_pool.ConnectionPool(
        dsn, min_size=1, max_size=8, timeout=5, open=False, check=psycopg_pool.ConnectionPool.check_connection
    )
    visits = Visits(ticker.dataset, ticker.draws, ticker.timeline, ticker.orders)
    payments = PaymentsApi(pool, credentials.payments_key, lambda: ticker.reached + ticker.timeline.offset)
    analytics = AnalyticsApi(
        visits,
        ticker.draws,
        ticker.timeline,
        credentials=f"{credentials.analytics_key}:{credentials.analytics_secret}",
        now=lambda: ticker.reached,
        scratch=data_dir,
    )
    faults = Faults()

    def health(_: Request) -> Response:
        if not ticker.healthy:
            return PlainTextResponse("The clock has stopped; see the log.", status_code=503)
        with pool.connection(timeout=2):
            return PlainTextResponse("ok")

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        pool.open()
        thread = threading.Thread(target=ticker.run, name="ticker", daemon=True)
        thread.start()
        yield
        ticker.stop()
        pool.close()

    return Starlette(
        routes=[
            Route("/health", health),
            Mount("/payments", routes=payments.routes()),
            Mount("/analytics", routes=analytics.routes()),
            Mount("/_local", routes=ControlApi(ticker, faults).routes()),
        ],
        middleware=[Middleware(FaultMiddleware, faults=faults)],
        exception_handlers=dict.fromkeys((psycopg.OperationalError, StoreError), _database_away),
        lifespan=lifespan,
    )


def _database_away(_: Request, error: Exception) -> Response:
    logging.getLogger("world").warning("a request failed: %s", str(error).strip().splitlines()[0])
    message = "The storefront database does not answer; start PostgreSQL."
    return JSONResponse({"error": {"type": "api_error", "message": message}}, status_code=503)
