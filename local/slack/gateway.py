"""The way of a call: read it, know the caller, strike it with a fault, count it, let the method act, note it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from local.slack.arguments import Arguments, read_call
from local.slack.connection import drop
from local.slack.errors import SlackError
from local.slack.faults import BEFORE, Fault, Kind
from local.slack.identity import Identity
from local.slack.journal import ACCEPTED, FAULTED, LIMITED, Entry
from local.slack.methods import METHODS, Call, Method
from local.slack.methods.registry import require
from local.slack.workspace import Workspace

logger = logging.getLogger("local.slack")

# A proxy's apology instead of an answer, cut short.
_BROKEN_JSON = '{"ok": true, "channel": "C0FIREHOSE", "ts": "17'


def base_url(request: Request) -> str:
    """How the caller addresses this server."""
    return str(request.base_url).rstrip("/")


class Gateway:
    """Serves `/api/<method>`."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def serve(self, request: Request) -> Response:
        """Answer one call and note it."""
        name = request.path_params["method"]
        entry = Entry(name, {})
        try:
            response = await self._answer(request, name, entry)
        except SlackError as error:
            entry.error = error.error
            response = JSONResponse(error.body())
        entry.status = response.status_code
        self.workspace.journal.write(entry)
        logger.info("%s %s %s %s", name, entry.outcome, entry.fault or entry.error or "ok", entry.ts or "")
        return response

    async def _answer(self, request: Request, name: str, entry: Entry) -> Response:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        arguments, token, lacks_charset = await read_call(request, accepts_json=method.accepts_json)
        entry.args = arguments.values
        caller = self._caller(token, method)
        fault = self.workspace.faults.next(name)
        if fault and fault.kind in BEFORE:
            return _refusal(fault, entry)
        if limited := self._limit(token or "", method, arguments, entry):
            return limited
        body = self._act(Call(self.workspace, arguments, caller, base_url(request)), method, entry)
        if lacks_charset:
            body = _warned(body, "missing_charset")
        return await _spoiled(fault, request, entry, JSONResponse(body)) if fault else JSONResponse(body)

    def _caller(self, token: str | None, method: Method) -> Identity:
        tokens = self.workspace.settings.tokens
        if not method.needs_token:
            return tokens.get(token or "", next(iter(tokens.values())))
        if not token:
            raise SlackError("not_authed")
        if token not in tokens:
            raise SlackError("invalid_auth")
        return tokens[token]

    def _limit(self, token: str, method: Method, arguments: Arguments, entry: Entry) -> Response | None:
        seconds = self.workspace.limiter.take(token, method.name, self._bucket(arguments), method.limit)
        if seconds is None:
            return None
        entry.outcome, entry.error, entry.retry_after = LIMITED, "ratelimited", str(seconds)
        return _too_many("ratelimited", str(seconds))

    def _bucket(self, arguments: Arguments) -> str:
        """The channel whose limit counts: its id even when the caller gave its name."""
        named = str(arguments.values.get("channel", ""))
        try:
            return self.workspace.channels.get_by_id_or_name(named).channel_id
        except SlackError:
            return named

    def _act(self, call: Call, method: Method, entry: Entry) -> dict[str, Any]:
        require(call.arguments, method.required)
        with self.workspace.database.transaction():
            body = {"ok": True, **method.handler(call)}
        entry.outcome, entry.channel, entry.ts = ACCEPTED, _text(body.get("channel")), _text(body.get("ts"))
        return body


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _too_many(error: str, retry_after: str | None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return JSONResponse({"ok": False, "error": error}, status_code=429, headers=headers)


def _refusal(fault: Fault, entry: Entry) -> Response:
    """What a fault that strikes first answers."""
    entry.outcome, entry.fault = FAULTED, fault.kind
    if fault.kind is Kind.REVOKE_TOKEN:
        raise SlackError("token_revoked")
    if fault.kind is Kind.STATUS:
        return PlainTextResponse("upstream connect error or disconnect/reset before headers", fault.status)
    defaults = {Kind.RATE_LIMITED: "1", Kind.RATE_LIMITED_FLOAT: "1.5"}
    entry.retry_after, entry.error = fault.retry_after or defaults.get(fault.kind), fault.error
    return _too_many(fault.error, entry.retry_after)


async def _spoiled(fault: Fault, request: Request, entry: Entry, answer: Response) -> Response:
    """The answer a caller gets although the workspace acted."""
    entry.fault = fault.kind
    if fault.kind is Kind.SLOW:
        await asyncio.sleep(fault.delay_s)
        return answer
    if fault.kind is Kind.ACCEPT_THEN_DROP:
        await drop(request)
        return answer
    return Response(_BROKEN_JSON, media_type="application/json")


def _warned(body: dict[str, Any], warning: str) -> dict[str, Any]:
    metadata = body.get("response_metadata", {})
    warnings = [*metadata.get("warnings", ()), warning]
    return {**body, "warning": ",".join(warnings), "response_metadata": {**metadata, "warnings": warnings}}
