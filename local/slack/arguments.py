"""Reading a call: arguments come as a form, as JSON or in the query, the token in a header or a form field.

The refusals here are Slack's own and easy to trip over: a token in the query is `invalid_auth`, a JSON body needs the
header, and the read methods do not look at a JSON body at all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import UploadFile
from starlette.requests import Request

from local.slack.errors import SlackError

BEARER = "Bearer "


class Arguments:
    """The arguments of one call, whatever they came in."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.values = values

    def has(self, name: str) -> bool:
        """Whether it was sent at all, empty or not."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str | None:
        """A plain argument; SlackError `invalid_arguments` for a list or an object."""
        value = self.values.get(name)
        if isinstance(value, dict | list):
            raise SlackError("invalid_arguments", [f"must provide a string [json-pointer:/{name}]"])
        if isinstance(value, bool):
            return str(value).lower()
        return None if value is None else str(value)

    def flag(self, name: str) -> bool:
        """A boolean: everything but nothing, `0` and `false` is true."""
        return (self.text(name) or "").lower() not in ("", "0", "false")

    def count(self, name: str, default: int, largest: int) -> int:
        """A page size; SlackError `invalid_limit` when it is no number from 1 to `largest`."""
        raw = self.text(name)
        if raw in (None, ""):
            return default
        if not str(raw).isdigit() or not 1 <= int(str(raw)) <= largest:
            raise SlackError("invalid_limit")
        return int(str(raw))

    def structure(self, name: str) -> Any:
        """A list or object, sent as JSON or as JSON in a text; ValueError when the text is no JSON."""
        value = self.values.get(name)
        return json.loads(value) if isinstance(value, str) else value


def form_token(form: Mapping[str, Any]) -> str | None:
    """The token of a form body."""
    token = form.get("token")
    return token if isinstance(token, str) and token else None


async def read_call(request: Request, *, accepts_json: bool) -> tuple[Arguments, str | None, bool]:
    """The arguments, the token if one was presented, and whether a JSON body came without a charset.

    SlackError `invalid_json`, `json_not_object` or `invalid_auth`.
    """
    header = request.headers.get("authorization", "")
    token = header.removeprefix(BEARER).strip() if header.startswith(BEARER) else None
    query = dict(request.query_params)
    if query.pop("token", None) is not None:
        raise SlackError("invalid_auth")
    content_type = request.headers.get("content-type", "")
    if request.method == "GET" or not content_type:
        return Arguments(query), token or None, False
    if content_type.startswith("application/json"):
        body = _json_object(await request.body()) if accepts_json else {}
        body.pop("token", None)
        return Arguments({**query, **body}), token or None, "charset" not in content_type
    form = {name: value for name, value in (await request.form()).items() if not isinstance(value, UploadFile)}
    token = form_token(form) or token
    form.pop("token", None)
    return Arguments({**query, **form}), token or None, False


def _json_object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as error:
        raise SlackError("invalid_json") from error
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return body
