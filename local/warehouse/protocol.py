"""Snowflake's HTTP protocol, as far as the connectors use it.

Whatever goes wrong with a statement is answered with HTTP 200 and `success: false`: clients retry a 5xx without end.
"""

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

from fakesnow.transforms import SERVER_VERSION
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import errors, results, statements
from .cursor import interrupt
from .errors import SqlError
from .history.logins import login_of
from .history.statement import Origin
from .session import Client, Session, Sessions
from .statements import Failure, Outcome
from .uploads import upload, upload_command
from .wire import bindings, failed, read_body, refused, session_gone, success, token_of

# The connector asks for a new token when half of this has passed; sessions end by logout or by being idle.
TOKEN_SECONDS = 4 * 3600


logger = logging.getLogger(__name__)


Endpoint = Callable[[Request], Awaitable[Response]]


def routes() -> list[Route]:
    """All addresses; none of them answers a client's request with a 5xx, whatever is wrong with it."""
    return [Route(route.path, _never_5xx(route.endpoint), methods=list(route.methods or ())) for route in _routes()]


def _never_5xx(endpoint: Endpoint) -> Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Exception as error:
            logger.exception("request failed: %s %s", request.method, request.url.path)
            message = f"The local warehouse could not read this request: {type(error).__name__}: {error}"
            return failed(Failure("", SqlError(390400, "08000", message)))

    return guarded


def _routes() -> list[Route]:
    return [
        Route("/health", health, methods=["GET"]),
        Route("/session/v1/login-request", login, methods=["POST"]),
        Route("/session/token-request", renew_token, methods=["POST"]),
        Route("/session/heartbeat", heartbeat, methods=["POST"]),
        Route("/session", end_session, methods=["POST"]),
        Route("/queries/v1/query-request", query, methods=["POST"]),
        Route("/queries/v1/abort-request", abort, methods=["POST"]),
        Route("/queries/{query_id}/abort-request", abort, methods=["POST"]),
        Route("/queries/{query_id}/result", query_result, methods=["GET"]),
        Route("/monitoring/queries/{query_id}", query_status, methods=["GET"]),
        Route("/telemetry/send", accept, methods=["POST"]),
        Route("/fs_bucket/{path:path}", upload, methods=["PUT"]),
    ]


async def health(request: Request) -> Response:
    sessions: Sessions = request.app.state.sessions
    await run_in_threadpool(lambda: sessions.storage.cursor().execute("SELECT 1").fetchone())
    return JSONResponse({"status": "ok", "databases": sessions.storage.database_names()})


async def accept(request: Request) -> Response:
    return success(None)


async def login(request: Request) -> Response:
    data = (await read_body(request))["data"]
    sessions: Sessions = request.app.state.sessions
    attempt = login_of(data, request.client.host if request.client else None)
    if refusal := sessions.refusal(attempt):
        return refused(refusal)
    given = request.query_params
    parameters = data.get("SESSION_PARAMETERS") or {}
    client = Client(
        user=attempt.user,
        role=_name(given.get("roleName")),
        warehouse=_name(given.get("warehouse")),
        database=_name(given.get("databaseName")),
        schema=_name(given.get("schemaName")),
        application=attempt.application,
        parameters=parameters,
    )
    token = secrets.token_urlsafe(32)
    session = await run_in_threadpool(sessions.open, token, client, attempt)
    return success(
        {
            "token": token,
            "masterToken": token,
            "validityInSeconds": TOKEN_SECONDS,
            "masterValidityInSeconds": TOKEN_SECONDS,
            "sessionId": session.identity,
            "displayUserName": session.user,
            "serverVersion": SERVER_VERSION,
            "parameters": _parameters(session),
            "sessionInfo": {
                "databaseName": session.database,
                "schemaName": session.schema,
                "warehouseName": session.warehouse,
                "roleName": session.role,
            },
        }
    )


def _name(text: str | None) -> str | None:
    """A name given at login follows the rules of identifiers: upper case unless quoted."""
    if not text:
        return None
    return text[1:-1] if text.startswith('"') and text.endswith('"') else text.upper()


def _parameters(session: Session) -> list[dict[str, Any]]:
    return [
        {"name": "AUTOCOMMIT", "value": session.autocommit_enabled},
        {"name": "TIMEZONE", "value": "Etc/UTC"},
        {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
        # Array bindings stay inline instead of being staged first.
        {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
        {"name": "CLIENT_TELEMETRY_ENABLED", "value": False},
    ]


async def renew_token(request: Request) -> Response:
    token = token_of(request)
    if request.app.state.sessions.find(token) is None:
        return session_gone()
    data = {
        "sessionToken": token,
        "masterToken": token,
        "validityInSecondsST": TOKEN_SECONDS,
        "validityInSecondsMT": TOKEN_SECONDS,
    }
    return success(data)


async def heartbeat(request: Request) -> Response:
    return success(None) if request.app.state.sessions.find(token_of(request)) else session_gone()


async def end_session(request: Request) -> Response:
    if request.query_params.get("delete"):
        await run_in_threadpool(request.app.state.sessions.close, token_of(request))
    return success(None)


async def query(request: Request) -> Response:
    session = request.app.state.sessions.find(token_of(request))
    if session is None:
        return session_gone()
    arrived = time.perf_counter()
    body = await read_body(request)
    request_id = request.query_params.get("requestId", "")
    running: dict[str, Session] = request.app.state.running
    running[request_id] = session
    try:
        return await run_in_threadpool(_query, request, session, body, arrived)
    finally:
        running.pop(request_id, None)


def _query(request: Request, session: Session, body: dict[str, Any], arrived: float) -> Response:
    sql = str(body.get("sqlText") or "")
    origin = Origin(arrived, internal=bool(body.get("isInternal")))
    try:
        params, rows = bindings(body.get("bindings"))
        if rows is not None:
            return _answer(session, statements.run_rows(session, sql, rows, origin=origin))
        texts = statements.split(sql)
        wanted = int((body.get("parameters") or {}).get("MULTI_STATEMENT_COUNT", 1))
        if len(texts) > 1 or wanted > 1:
            return _several(session, sql, texts, wanted, origin)
        describe_only = bool(body.get("describeOnly"))
        outcome = statements.run(session, texts[0], params, describe_only=describe_only, origin=origin)
        if outcome.put:
            return success(upload_command(request, outcome, bound=bool(params)))
        return _answer(session, outcome)
    except Failure as failure:
        return failed(failure)
    except Exception as error:
        logger.exception("a statement's request or result could not be handled")
        return failed(Failure("", errors.translate(error, errors.Scope(None, None, None), sql)))


def _several(session: Session, sql: str, texts: list[str], wanted: int, origin: Origin) -> Response:
    """One after the other; the client then fetches each result by its id."""
    if wanted not in (0, len(texts)):
        message = f"Actual statement count {len(texts)} did not match the desired statement count {wanted}."
        raise Failure("", SqlError(8, "0A000", message))
    outcomes = statements.run_several(session, sql, texts, origin=origin)
    done = _response(session, outcomes[-1])
    done["resultIds"] = ",".join(outcome.query_id for outcome in outcomes)
    done["resultTypes"] = ",".join(str(outcome.type_id) for outcome in outcomes)
    return success(done)


def _answer(session: Session, outcome: Outcome) -> Response:
    return success(_response(session, outcome))


def _response(session: Session, outcome: Outcome) -> dict[str, Any]:
    return results.payload(outcome.table, as_json=outcome.is_dml) | {
        "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
        "queryId": outcome.query_id,
        "statementTypeId": outcome.type_id,
        "finalDatabaseName": session.database,
        "finalSchemaName": session.schema,
        "finalWarehouseName": session.warehouse,
        "finalRoleName": session.role,
    }


async def query_result(request: Request) -> Response:
    """A result once more, by its id: of a statement among several, or of an asynchronous one."""
    session = request.app.state.sessions.find(token_of(request))
    if session is None:
        return session_gone()
    query_id = request.path_params["query_id"]
    kept = session.results_cache.get(query_id)
    if kept is None:
        message = f"The result of statement {query_id} is no longer kept; run it again."
        return failed(Failure(query_id, SqlError(709, "02000", message)))
    return success(_response(session, Outcome(query_id, 0x1000, kept[0])))


async def query_status(request: Request) -> Response:
    """Statements run while their request waits, so one that is known has succeeded."""
    session = request.app.state.sessions.find(token_of(request))
    known = session is not None and request.path_params["query_id"] in session.results_cache
    return success({"queries": [{"status": "SUCCESS"}] if known else []})


async def abort(request: Request) -> Response:
    """Cancel by request id, or everything the caller's session runs."""
    body = await read_body(request)
    session = request.app.state.running.get(str(body.get("requestId") or ""))
    session = session or request.app.state.sessions.find(token_of(request))
    if session:
        await asyncio.to_thread(interrupt, session)
    return success(None)
