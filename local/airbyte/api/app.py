"""The application: routes, the token endpoint, health, and the two gates every request passes."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qs

import orjson
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.airbyte.api import actors, config_api, connections, control, jobs, problems, streams
from local.airbyte.api.auth import Tokens
from local.airbyte.api.http import Services, json_response, problem_response
from local.airbyte.api.problems import Problem
from local.airbyte.faults import Faults
from local.airbyte.settings import PUBLIC_PREFIX

_ANONYMOUS = {"/health", f"{PUBLIC_PREFIX}/health", f"{PUBLIC_PREFIX}/applications/token"}


class FaultGate:
    """Answers in place of the API where an `http` fault says so."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith("/_local/"):
            fault = self._faults.take_http(scope["method"], scope["path"])
            if fault:
                await asyncio.sleep(fault.seconds)
                problem = Problem(fault.status, "unexpected-problem", "The request was made to fail by a fault.")
                await problem_response(problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class TokenGate:
    """Asks for a bearer token wherever the platform does."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _ANONYMOUS:
            scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not self._tokens.valid(token.strip()):
                await problem_response(problems.invalid_api_key())(scope, receive, send)
                return
        await self._app(scope, receive, send)


async def health(_: Request) -> Response:
    return PlainTextResponse("Successful operation")


async def token(request: Request) -> Response:
    """POST /applications/token with JSON or a form; both are client_credentials."""
    content = await request.body()
    try:
        if "json" in request.headers.get("content-type", ""):
            given = orjson.loads(content)
        else:
            given = {name: values[0] for name, values in parse_qs(content.decode()).items()}
        credentials = (str(given["client_id"]), str(given["client_secret"]))
    except (ValueError, KeyError, TypeError):
        return problem_response(problems.bad_request("client_id and client_secret are required."))
    issued = request.app.state.tokens.issue(*credentials)
    return json_response(issued) if issued else problem_response(problems.invalid_api_key())


async def unknown(request: Request, _: Exception) -> Response:
    return problem_response(problems.not_found("endpoint", f"{request.method} {request.url.path}"))


def build(services: Services) -> ASGIApp:
    """The whole API over the given services."""
    public = [
        Route("/health", health, methods=["GET"]),
        Route("/applications/token", token, methods=["POST"]),
        *actors.ROUTES,
        *streams.ROUTES,
        *connections.ROUTES,
        *jobs.ROUTES,
    ]
    app = Starlette(
        routes=[
            Route("/health", health, methods=["GET"]),
            *config_api.ROUTES,
            *control.ROUTES,
            Mount(PUBLIC_PREFIX, routes=public),
        ],
        exception_handlers={404: unknown, 405: unknown},
    )
    tokens = Tokens(services.settings, services.store)
    app.state.services = services
    app.state.tokens = tokens
    return FaultGate(TokenGate(app, tokens), services.faults)
