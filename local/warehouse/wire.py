"""Requests and answers in the shape Snowflake's clients send and expect."""

import gzip
import json
from typing import Any

from fakesnow.converter import from_binding
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .history.logins import Refusal
from .statements import Failure

SESSION_GONE = "390111"


async def read_body(request: Request) -> dict[str, Any]:
    body = await request.body()
    if request.headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return json.loads(body) if body else {}


def token_of(request: Request) -> str:
    """Authorization: Snowflake Token="...";"""
    return request.headers.get("Authorization", "").partition('Token="')[2].rstrip('"')


def success(data: Any) -> Response:
    return JSONResponse({"data": data, "code": None, "message": None, "success": True})


def session_gone() -> Response:
    message = "Session no longer exists. New login required to access the service."
    return JSONResponse({"data": None, "code": SESSION_GONE, "message": message, "success": False})


def refused(refusal: Refusal) -> Response:
    """A login that is not let in; drivers show the message and do not try again."""
    return JSONResponse({"data": None, "code": str(refusal.code), "message": refusal.message, "success": False})


def failed(failure: Failure) -> Response:
    error = failure.error
    data = {
        "errorCode": f"{error.code:06d}",
        "sqlState": error.sqlstate,
        "queryId": failure.query_id,
        "internalError": False,
    }
    content = {"data": data, "code": data["errorCode"], "message": error.message, "success": False}
    return JSONResponse(content)


def bindings(given: dict[str, Any] | None) -> tuple[Any, list[tuple[Any, ...]] | None]:
    """Parameters of a statement: by name, by position, or several rows of them."""
    if not given:
        return None, None
    if not all(key.isdigit() for key in given):
        return {name: from_binding(binding) for name, binding in given.items()}, None
    ordered = [given[str(position)] for position in range(1, len(given) + 1)]
    if any(isinstance(binding["value"], list) for binding in ordered):
        columns = [[from_binding({**binding, "value": value}) for value in binding["value"]] for binding in ordered]
        return None, list(zip(*columns, strict=True))
    return tuple(from_binding(binding) for binding in ordered), None
