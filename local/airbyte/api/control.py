"""What only the stand-in has, under /_local: logs, states, and faults for tests and drills."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from local.airbyte.api import problems
from local.airbyte.api.auth import Tokens
from local.airbyte.api.connections import find_connection
from local.airbyte.api.http import Call, endpoint
from local.airbyte.faults import Fault, FaultKind


def job_log(call: Call) -> Any:
    folder = call.services.settings.jobs_dir / str(int(call.path["id"]))
    files = sorted(folder.glob("attempt-*.log"))
    if not files:
        raise problems.not_found("job log", call.path["id"])
    return PlainTextResponse(b"".join(file.read_bytes() for file in files))


def states(call: Call) -> Any:
    connection = find_connection(call, call.path["id"])
    known = call.services.store.states(connection.id)
    return [{"streamDescriptor": stream._asdict(), "streamState": state} for stream, state in known.items()]


def _enabled(call: Call) -> None:
    if not call.services.settings.enable_faults:
        raise problems.not_found("endpoint", "/_local/faults: start the server with --enable-faults")


def arm_fault(call: Call) -> Any:
    _enabled(call)
    try:
        fault = Fault.parse(orjson.loads(call.content))
    except (KeyError, TypeError, ValueError) as error:
        kinds = ", ".join(kind.value for kind in FaultKind)
        raise problems.bad_request(f"The fault was not understood ({error}); its kind is one of {kinds}.") from error
    if fault.kind is FaultKind.EXPIRE_TOKENS:
        Tokens(call.services.settings, call.services.store).expire_all()
    else:
        call.services.faults.arm(fault)
    return asdict(fault)


def list_faults(call: Call) -> Any:
    _enabled(call)
    return {"data": [asdict(fault) for fault in call.services.faults.armed()]}


def clear_faults(call: Call) -> None:
    _enabled(call)
    call.services.faults.clear()


ROUTES = [
    Route("/_local/jobs/{id:int}/log", endpoint(job_log), methods=["GET"]),
    Route("/_local/state/{id}", endpoint(states), methods=["GET"]),
    Route("/_local/faults", endpoint(list_faults), methods=["GET"]),
    Route("/_local/faults", endpoint(arm_fault), methods=["POST"]),
    Route("/_local/faults", endpoint(clear_faults), methods=["DELETE"]),
]
