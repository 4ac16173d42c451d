"""The part of the internal Config API that says why a job failed and what each stream moved."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from local.airbyte.api import problems
from local.airbyte.api.http import Body, Call, endpoint
from local.airbyte.api.statistics import COUNTS, by_stream, totals
from local.airbyte.models import Attempt, Json


class JobId(Body):
    id: int


def _attempt(attempt: Attempt) -> Json:
    total = {name: sum(stream["stats"].get(name, 0) for stream in attempt.streams) for name in COUNTS}
    rendered: Json = {
        "id": attempt.number,
        "status": attempt.status,
        "createdAt": int(attempt.created_at),
        "updatedAt": int(attempt.updated_at),
        "endedAt": int(attempt.ended_at) if attempt.ended_at else None,
        "bytesSynced": total["bytesCommitted"],
        "recordsSynced": total["recordsCommitted"],
        "totalStats": total,
        "streamStats": attempt.streams,
    }
    if attempt.failures:
        partial = total["recordsCommitted"] > 0
        rendered["failureSummary"] = {"failures": attempt.failures, "partialSuccess": partial}
    return rendered


def get_without_logs(call: Call) -> Any:
    job = call.services.history.job(call.body(JobId).id)
    if job is None:
        raise problems.state_conflict("Job is not currently running")
    attempts = call.services.history.attempts(job.id)
    return {
        "job": {
            "id": job.id,
            "configType": job.type,
            "configId": job.connection_id,
            "createdAt": int(job.created_at),
            "updatedAt": int(job.updated_at),
            "startedAt": int(job.started_at) if job.started_at else None,
            "status": job.status,
            "aggregatedStats": totals(attempts),
            "streamAggregatedStats": by_stream(attempts),
        },
        "attempts": [{"attempt": _attempt(attempt)} for attempt in attempts],
    }


ROUTES = [Route("/api/v1/jobs/get_without_logs", endpoint(get_without_logs), methods=["POST"])]
