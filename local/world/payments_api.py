"""Stripe's list and retrieve endpoints over the ledger.

Shapes, parameters and errors follow https://docs.stripe.com/api (charges, refunds, payouts, balance transactions,
pagination, errors); what is left out is in README.md.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.world import stripe_objects

_DEFAULT_LIMIT, _MOST = 10, 100
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@dataclass(frozen=True)
class Resource:
    """One kind of object: where it lies and how it looks."""

    path: str
    noun: str
    render: Callable[[dict[str, Any], int], dict[str, Any]]

    @property
    def table(self) -> sql.Identifier:
        return sql.Identifier("payments", self.path)


RESOURCES = (
    Resource("charges", "charge", stripe_objects.charge),
    Resource("refunds", "refund", stripe_objects.refund),
    Resource("payouts", "payout", stripe_objects.payout),
    Resource("balance_transactions", "balance transaction", stripe_objects.balance_transaction),
)


class StripeError(Exception):
    """An answer other than 200, in Stripe's error shape."""

    def __init__(self, status: int, message: str, *, code: str | None = None, param: str | None = None) -> None:
        super().__init__(message)
        error = {"code": code, "message": message, "param": param, "type": "invalid_request_error"}
        self.response = JSONResponse(
            {"error": {name: value for name, value in error.items() if value is not None}}, status_code=status
        )


@dataclass(frozen=True)
class Page:
    """The validated query of a list request."""

    limit: int
    created: list[tuple[str, int]]
    starting_after: str | None
    ending_before: str | None


class PaymentsApi:
    """The routes below /payments."""

    def __init__(self, pool: ConnectionPool, key: str, now: Callable[[], int]) -> None:
        self._pool, self._key, self._now = pool, key, now

    def routes(self) -> list[Route]:
        routes = []
        for resource in RESOURCES:
            routes.append(Route(f"/v1/{resource.path}", self._endpoint(self._list, resource)))
            routes.append(Route(f"/v1/{resource.path}/{{id}}", self._endpoint(self._retrieve, resource)))
        unknown = Route("/{path:path}", self._endpoint(self._unknown, None), methods=["GET", "POST", "DELETE", "PUT"])
        return [*routes, unknown]

    def _endpoint(self, answer: Callable[..., dict[str, Any]], resource: Resource | None) -> Callable:
        def endpoint(request: Request) -> Response:
            try:
                self._authenticate(request)
                return JSONResponse(answer(request, resource))
            except StripeError as error:
                return error.response

        return endpoint

    def _list(self, request: Request, resource: Resource) -> dict[str, Any]:
        page = parse_page(list(request.query_params.multi_items()))
        conditions = [
            sql.SQL("created {} {}").format(sql.SQL(comparison), sql.Literal(bound))
            for comparison, bound in page.created
        ]
        backwards = page.ending_before is not None
        anchor = page.starting_after or page.ending_before
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            if anchor is not None:
                param = "ending_before" if backwards else "starting_after"
                row = self._find(cursor, resource, anchor, status=400, param=param)
                conditions.append(
                    sql.SQL("(created, id) {} ({}, {})").format(
                        sql.SQL(">" if backwards else "<"), sql.Literal(row["created"]), sql.Literal(row["id"])
                    )
                )
            query = sql.SQL("select * from {} where {} order by created {dir}, id {dir} limit {}").format(
                resource.table,
                sql.SQL(" and ").join([sql.SQL("true"), *conditions]),
                sql.Literal(page.limit + 1),
                dir=sql.SQL("asc" if backwards else "desc"),
            )
            rows = cursor.execute(query).fetchall()
        has_more, rows = len(rows) > page.limit, rows[: page.limit]
        if backwards:
            rows.reverse()
        data = [resource.render(row, self._now()) for row in rows]
        return {"object": "list", "data": data, "has_more": has_more, "url": f"/v1/{resource.path}"}

    def _retrieve(self, request: Request, resource: Resource) -> dict[str, Any]:
        with self._pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            row = self._find(cursor, resource, request.path_params["id"], status=404, param="id")
        return resource.render(row, self._now())

    def _find(self, cursor: Any, resource: Resource, id_: str, *, status: int, param: str) -> dict[str, Any]:
        query = sql.SQL("select * from {} where id = %s").format(resource.table)
        row = cursor.execute(query, (id_.replace("\0", ""),)).fetchone()
        if row is None:
            raise StripeError(status, f"No such {resource.noun}: '{id_}'", code="resource_missing", param=param)
        return row

    def _unknown(self, request: Request, _: None) -> dict[str, Any]:
        path = request.path_params["path"]
        raise StripeError(404, f"Unrecognized request URL ({request.method}: /{path}).")

    def _authenticate(self, request: Request) -> None:
        key = _presented_key(request.headers.get("authorization", ""))
        if not key:
            raise StripeError(
                401, "You did not provide an API key. Send it as `Authorization: Bearer YOUR_SECRET_KEY`."
            )
        if not hmac.compare_digest(key.encode(), self._key.encode()):
            raise StripeError(401, f"Invalid API Key provided: {key[:8]}{'*' * 8}{key[-4:]}")


def parse_page(parameters: list[tuple[str, str]]) -> Page:
    """Read a list query. Raises StripeError for what Stripe would refuse."""
    limit, created, anchors = _DEFAULT_LIMIT, [], {}
    for name, value in parameters:
        if name == "limit":
            limit = _limit(value)
        elif name in ("starting_after", "ending_before"):
            anchors[name] = value
        elif name == "created":
            created.append(("=", _integer(value, name)))
        elif name.startswith("created[") and name[8:-1] in _COMPARISONS:
            created.append((_COMPARISONS[name[8:-1]], _integer(value, name)))
        elif not name.startswith("expand"):
            raise StripeError(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
    if len(anchors) == 2:
        raise StripeError(400, "You can only pass one of these parameters: starting_after, ending_before.")
    return Page(limit, created, anchors.get("starting_after"), anchors.get("ending_before"))


def _limit(value: str) -> int:
    limit = _integer(value, "limit")
    if limit < 1:
        raise StripeError(400, "This value must be greater than or equal to 1.", param="limit")
    if limit > _MOST:
        message = f"This value must be less than or equal to {_MOST} (it currently is '{limit}')."
        raise StripeError(400, message, param="limit")
    return limit


def _integer(value: str, param: str) -> int:
    if not value.removeprefix("-").isascii() or not value.removeprefix("-").isdigit() or len(value) > 18:
        raise StripeError(400, f"Invalid integer: {value}", code="parameter_invalid_integer", param=param)
    return int(value)


def _presented_key(authorization: str) -> str:
    """The key of a Bearer header, or of a Basic header as its user name."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
