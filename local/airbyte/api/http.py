"""What all endpoints share: reading a request, answering JSON or a problem, paging."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from local.airbyte.api import problems
from local.airbyte.api.problems import Problem
from local.airbyte.definitions import InvalidConfiguration
from local.airbyte.engine.runner import Runner
from local.airbyte.faults import Faults
from local.airbyte.history import History
from local.airbyte.settings import Settings
from local.airbyte.store import Store

LOG = logging.getLogger("airbyte.api")
DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class Body(BaseModel):
    """A request's body, in camelCase on the wire. Unknown fields are ignored, as the platform does."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


AnyBody = TypeVar("AnyBody", bound=Body)


@dataclass(frozen=True, kw_only=True)
class Services:
    """What endpoints work with."""

    settings: Settings
    store: Store
    history: History
    runner: Runner
    faults: Faults


@dataclass(frozen=True)
class Call:
    """One request, read to its end, so that handlers are plain functions."""

    services: Services
    request: Request
    content: bytes

    @property
    def path(self) -> dict[str, Any]:
        return self.request.path_params

    def body(self, model: type[AnyBody]) -> AnyBody:
        """The body as a model. Raises the bad-request problem that names the field."""
        try:
            return model.model_validate_json(self.content or b"{}")
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "body"
            raise problems.bad_request(f"{where}: {first['msg']}") from error

    def query(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    def query_list(self, name: str) -> list[str]:
        """A repeated parameter, each of which may hold several values separated by commas."""
        values = self.request.query_params.getlist(name)
        return [part for value in values for part in value.split(",") if part]

    def flag(self, name: str) -> bool:
        return (self.query(name) or "").lower() == "true"

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.query(name)
        try:
            number = default if text is None else int(text)
        except ValueError as error:
            raise problems.bad_request(f"{name} must be a number, not {text!r}.") from error
        if not least <= number <= most:
            raise problems.bad_request(f"{name} must be between {least} and {most}, not {number}.")
        return number

    @property
    def limit(self) -> int:
        return self.number("limit", DEFAULT_LIMIT, 1, MAX_LIMIT)

    @property
    def offset(self) -> int:
        return self.number("offset", 0, 0, 2**31)


Handler = Callable[[Call], Any]


def json_response(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")


def problem_response(problem: Problem) -> Response:
    return Response(orjson.dumps(problem.document), problem.status, media_type="application/problem+json")


def page(call: Call, data: Sequence[Any]) -> dict[str, Any]:
    """A page of a list. As on the platform, `next` is there whenever the page is not empty, even on the last one."""
    limit, offset = call.limit, call.offset
    address = f"{call.services.settings.base_url}{call.request.url.path.partition('/api/public/v1')[2]}"
    others = [(key, value) for key, value in call.request.query_params.multi_items() if key not in ("limit", "offset")]

    def link(start: int) -> str:
        return f"{address}?{urlencode([*others, ('limit', limit), ('offset', start)])}"

    return {
        "previous": link(max(0, offset - limit)) if offset else "",
        "next": link(offset + limit) if data else "",
        "data": list(data),
    }


def page_of(call: Call, everything: Sequence[Any]) -> dict[str, Any]:
    """A page cut from a whole list."""
    return page(call, everything[call.offset : call.offset + call.limit])


def endpoint(handler: Handler, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
    """A route's function from a handler, which runs in a thread because it may wait for a disk or a connector."""

    async def respond(request: Request) -> Response:
        call = Call(request.app.state.services, request, await request.body())
        try:
            answer = await run_in_threadpool(handler, call)
        except Problem as problem:
            return problem_response(problem)
        except InvalidConfiguration as error:
            return problem_response(problems.unprocessable(str(error)))
        except Exception as error:
            LOG.exception("%s %s broke", request.method, request.url.path)
            return problem_response(problems.unexpected(str(error) or type(error).__name__))
        if isinstance(answer, Response):
            return answer
        return Response(status_code=204) if answer is None else json_response(answer, status)

    return respond
