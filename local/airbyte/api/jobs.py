"""Jobs: start, follow, list, cancel."""

from __future__ import annotations

import datetime as dt
import logging
import time
from typing import Any

from starlette.routing import Route

from local.airbyte.api import problems
from local.airbyte.api.connections import find_connection
from local.airbyte.api.http import Body, Call, endpoint, page
from local.airbyte.api.statistics import totals
from local.airbyte.faults import FaultKind
from local.airbyte.history import AlreadyRunning
from local.airbyte.models import Job, JobStatus, JobType, Json

LOG = logging.getLogger("airbyte.api")
_ORDERS = {"createdAt": "created_at", "updatedAt": "updated_at"}
_TIMES = {
    "createdAtStart": "created_at >= ?",
    "createdAtEnd": "created_at <= ?",
    "updatedAtStart": "updated_at >= ?",
    "updatedAtEnd": "updated_at <= ?",
}


class JobCreate(Body):
    connection_id: str
    job_type: JobType


def java_time(epoch: float) -> str:
    """As Java's OffsetDateTime prints it: the seconds are left out when they are zero."""
    moment = dt.datetime.fromtimestamp(int(epoch), dt.UTC)
    return moment.strftime("%Y-%m-%dT%H:%MZ" if moment.second == 0 else "%Y-%m-%dT%H:%M:%SZ")


def java_duration(seconds: int) -> str:
    """As Java's Duration prints it: PT1M5S, PT2H, PT0S."""
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = [(hours, "H"), (minutes, "M"), (rest, "S")]
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")


def render(call: Call, job: Job) -> Json:
    """A job as the public API shows it; the duration includes the time in the queue."""
    until = job.updated_at if job.status.terminal else time.time()
    stats = totals(call.services.history.attempts(job.id))
    return {
        "jobId": job.id,
        "status": job.status,
        "jobType": job.type,
        "connectionId": job.connection_id,
        "startTime": java_time(job.created_at),
        "lastUpdatedAt": java_time(job.updated_at) if job.status.terminal else None,
        "duration": None if job.status is JobStatus.PENDING else java_duration(int(until - job.created_at)),
        "bytesSynced": stats["bytesCommitted"],
        "rowsSynced": stats["recordsCommitted"],
    }


def create(call: Call) -> Any:
    body = call.body(JobCreate)
    if body.job_type is JobType.REFRESH:
        raise problems.unprocessable("Refreshes are not supported in the public API")
    services = call.services
    connection = find_connection(call, body.connection_id)
    if connection.status != "active":
        raise problems.state_conflict("Could not fulfill request")
    already_running = problems.try_again_later(f"A sync is already running for: {connection.id}")
    if services.faults.take(FaultKind.CONFLICT, connection.name):
        raise already_running
    try:
        job = services.history.create(connection.id, body.job_type)
    except AlreadyRunning as error:
        raise already_running from error
    LOG.info("job %s: %s of %s", job.id, job.type, connection.name)
    services.runner.submit(job, connection)
    if lost := services.faults.take(FaultKind.LOST_POST_RESPONSE, connection.name):
        time.sleep(lost.seconds)
        raise problems.unexpected("The response was lost by a fault.")
    return render(call, job)


def _find(call: Call) -> Job:
    """The job; an unknown one is not 404 on the platform, but this conflict."""
    try:
        job = call.services.history.job(int(call.path["id"]))
    except ValueError as error:
        raise problems.bad_request("jobId must be a number.") from error
    if job is None:
        raise problems.state_conflict("Job is not currently running")
    return job


def get(call: Call) -> Any:
    return render(call, _find(call))


def cancel(call: Call) -> Any:
    """As the platform does, this cancels what runs for the job's connection now, be it that job or a later one."""
    job = _find(call)
    current = call.services.history.unfinished(job.connection_id)
    if current is None or not call.services.runner.cancel(current):
        raise problems.state_conflict("Job is not currently running")
    return render(call, call.services.history.job(job.id) or job)


def _moment(name: str, text: str) -> float:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise problems.bad_request(f"{name} must be a time like 2026-11-22T10:00:00Z, not {text!r}.") from error
    return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()


def _condition(call: Call) -> tuple[str, list[Any]]:
    conditions, parameters = ["1 = 1"], list[Any]()
    for name, column, allowed in (
        ("connectionId", "connection_id", None),
        ("jobType", "type", {kind.value for kind in JobType}),
        ("status", "status", {status.value for status in JobStatus}),
    ):
        if values := call.query_list(name):
            if allowed and not allowed.issuperset(values):
                raise problems.bad_request(f"{name} must be one of {', '.join(sorted(allowed))}.")
            conditions.append(f"{column} IN ({', '.join('?' * len(values))})")
            parameters += values
    for name, condition in _TIMES.items():
        if text := call.query(name):
            conditions.append(condition)
            parameters.append(_moment(name, text))
    workspaces = call.query_list("workspaceIds")
    if workspaces and call.services.store.workspace_id not in workspaces:
        conditions.append("1 = 0")
    return " AND ".join(conditions), parameters


def _order(call: Call) -> str:
    field, _, direction = (call.query("orderBy") or "createdAt|ASC").partition("|")
    if field not in _ORDERS or direction not in ("ASC", "DESC"):
        raise problems.bad_request("orderBy must be createdAt or updatedAt, then | and ASC or DESC.")
    return f"{_ORDERS[field]} {direction}, id {direction}"


def listing(call: Call) -> Any:
    where, parameters = _condition(call)
    found = call.services.history.jobs(where, parameters, _order(call), call.limit, call.offset)
    return page(call, [render(call, job) for job in found])


ROUTES = [
    Route("/jobs", endpoint(listing), methods=["GET"]),
    Route("/jobs", endpoint(create), methods=["POST"]),
    Route("/jobs/{id}", endpoint(get), methods=["GET"]),
    Route("/jobs/{id}", endpoint(cancel), methods=["DELETE"]),
]
