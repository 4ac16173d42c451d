"""The door of the webhooks: who may not come in is turned away unread, what may is written down at once.

The routes are reachable from the internet without a login. So, in this order: is a secret configured, is it JSON, is it
small and does it come in time, does the signature fit the raw body; only then is it parsed. What is told goes through
the same bounded door as every other event, and the spool takes it when the database does not.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from include.firehose import intake
from include.firehose.event import Event, Road
from include.firehose.redact import clean
from include.firehose.webhooks import buildkite, github
from include.firehose.webhooks.payload import Malformed, Payload
from include.firehose.webhooks.signature import (
    Forged,
    Headers,
    verify_buildkite,
    verify_buildkite_token,
    verify_github,
)
from include.settings import environment
from include.settings.environment import Environment, MissingVariable

log = logging.getLogger(__name__)

# GitHub itself stops at 25 MB, which only a push of thousands of commits comes near.
MAX_BODY_BYTES = 5_000_000
BODY_SECONDS = 10
AUTHENTICATION = "BUILDKITE_WEBHOOK_AUTHENTICATION"

Verify = Callable[[bytes, Headers, str, float], None]


class Refused(Exception):
    """A request that is turned away, with the status and the sentence it is given."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(frozen=True)
class Sender:
    """Who sends to a route: the variable with its secret, how it signs, and what its payloads mean."""

    name: str
    secret: str
    verify: Callable[[Environment], Verify]
    events: Callable[[Headers, Payload], list[Event]]
    named: Callable[[Headers, Payload], str]


def _buildkite_verify(settings: Environment) -> Verify:
    """The way that BUILDKITE_WEBHOOK_AUTHENTICATION chooses. Raises Refused when it is neither word."""
    ways: dict[str, Verify] = {"signature": verify_buildkite, "token": verify_buildkite_token}
    chosen = settings.get(AUTHENTICATION, "signature")
    if chosen not in ways:
        raise Refused(503, f"{AUTHENTICATION} is neither `signature` nor `token`: correct it in the deployment.")
    return ways[chosen]


GITHUB = Sender(
    name="GitHub",
    secret="GITHUB_WEBHOOK_SECRET",
    verify=lambda settings: verify_github,
    events=lambda headers, payload: github.events(headers.get("x-github-event", ""), payload),
    named=lambda headers, payload: f"{headers.get('x-github-event', '')} {payload.get('action') or ''}".strip(),
)
BUILDKITE = Sender(
    name="Buildkite",
    secret="BUILDKITE_WEBHOOK_TOKEN",
    verify=_buildkite_verify,
    events=lambda headers, payload: buildkite.events(payload),
    named=lambda headers, payload: str(payload.get("event", "")),
)


def application(*, settings: Callable[[], Environment] = environment.load) -> Starlette:
    """The two routes, POST /webhooks/github and POST /webhooks/buildkite, and nothing else.

    `settings` is asked anew for each request.
    """
    untold: Counter[str] = Counter()

    def route(path: str, sender: Sender) -> Route:
        async def endpoint(request: Request) -> Response:
            return await _answer(request, sender, settings, untold)

        return Route(path, endpoint, methods=["POST"])

    app = Starlette(routes=[route("/webhooks/github", GITHUB), route("/webhooks/buildkite", BUILDKITE)])
    # A redirect would lead to whatever host the request names.
    app.router.redirect_slashes = False
    return app


async def _answer(
    request: Request, sender: Sender, settings: Callable[[], Environment], untold: Counter[str]
) -> Response:
    try:
        payload = await _admitted(request, sender, settings())
        events = _events(request.headers, sender, payload)
        if not events:
            return _ignored(sender.named(request.headers, payload), sender, untold)
        if not await run_in_threadpool(intake.report_all, events, road=Road.WEBHOOK):
            raise Refused(503, "Neither the outbox nor the spool took it: send it again when the firehose works.")
    except Refused as refusal:
        log.warning("A webhook for %s was refused with %d: %s", sender.name, refusal.status, refusal)
        # Unread bytes of a refused body would be taken for the connection's next request.
        return JSONResponse({"refused": str(refusal)}, refusal.status, headers={"Connection": "close"})
    return JSONResponse({"events": [event.event_id for event in events]})


async def _admitted(request: Request, sender: Sender, settings: Environment) -> Payload:
    """The payload of a request that may come in. Raises Refused."""
    try:
        secret = settings.require(sender.secret)
    except MissingVariable as missing:
        raise Refused(503, f"{missing} Until then no webhook of {sender.name} is accepted.") from missing
    verify = sender.verify(settings)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(415, f"Send application/json (choose it in the webhook's settings at {sender.name}).")
    body = await _body(request)
    try:
        verify(body, request.headers, secret, time.time())
    except Forged as forged:
        raise Refused(401, str(forged)) from forged
    return _parsed(body)


async def _body(request: Request) -> bytes:
    """The raw body, read in chunks and not beyond the bound. Raises Refused."""
    declared = request.headers.get("content-length", "")
    too_large = Refused(413, f"The body is larger than {MAX_BODY_BYTES:,} bytes.")
    if declared.isascii() and declared.isdigit() and int(declared[:20]) > MAX_BODY_BYTES:
        raise too_large
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise too_large
    except TimeoutError as late:
        raise Refused(408, f"The body did not come within {BODY_SECONDS} s.") from late
    except ClientDisconnect as gone:
        raise Refused(400, "The connection ended before the body did.") from gone
    return bytes(body)


def _parsed(body: bytes) -> Payload:
    try:
        payload: Any = json.loads(body)
    # A number of thousands of digits is a ValueError, lists within lists without end a RecursionError.
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not JSON.") from error
    if not isinstance(payload, Mapping):
        raise Refused(400, "The body is JSON, but not an object.")
    return payload


def _events(headers: Headers, sender: Sender, payload: Payload) -> list[Event]:
    try:
        return sender.events(headers, payload)
    except Malformed as error:
        raise Refused(422, str(error)) from error


def _ignored(name: str, sender: Sender, untold: Counter[str]) -> Response:
    """Politely: it was sent by who may send, and is nothing the channel tells."""
    key = clean(name)[:100].replace("\n", " ") or "nameless"
    untold[key] += 1
    log.info("%s sent `%s`, which is not told (%d so far).", sender.name, key, untold[key])
    return JSONResponse({"ignored": key}, 202)
