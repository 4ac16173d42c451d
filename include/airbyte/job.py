"""A sync job as plain values: the connection it belongs to, where it stands, what it moved, why it failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter, ValidationError

from include.airbyte.client import Json

SUCCEEDED = "succeeded"
# Anything else is still going on: Airbyte has added statuses before (`queued`, May 2026) and will again.
TERMINAL = frozenset({SUCCEEDED, "failed", "cancelled"})

_DURATION = TypeAdapter(timedelta)


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connection as Airbyte knows it."""

    id: str
    name: str
    workspace_id: str


@dataclass(frozen=True, kw_only=True)
class Job:
    """A sync job. Rows and bytes are those committed to the destination; seconds include waiting in Airbyte's queue."""

    id: int
    connection_id: str
    status: str
    started_at: str
    rows: int
    bytes: int
    seconds: float

    @property
    def over(self) -> bool:
        return self.status in TERMINAL

    @classmethod
    def of(cls, item: Json) -> Job:
        return cls(
            id=item["jobId"],
            connection_id=item["connectionId"],
            status=item["status"],
            started_at=item.get("startTime") or "",
            rows=item.get("rowsSynced") or 0,
            bytes=item.get("bytesSynced") or 0,
            seconds=_seconds(item.get("duration")),
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """What only the Config API tells about a job; `streams` is None when it could not be asked."""

    streams: Mapping[str, Mapping[str, int]] | None = None
    attempts: int = 0
    reason: str = ""
    failure_type: str = ""

    @classmethod
    def of(cls, answer: Json) -> Report:
        """From `/jobs/get_without_logs`. Raises KeyError, TypeError or AttributeError for another shape."""
        attempts: list[Json] = [item.get("attempt") or {} for item in answer.get("attempts") or []]
        statistics: list[Json] | None = answer["job"].get("streamAggregatedStats")
        failures: list[Json] = []
        for attempt in attempts:
            failures = (attempt.get("failureSummary") or {}).get("failures") or failures
        # The first failure is the cause, those after it are what it led to.
        failure: Json = failures[0] if failures else {}
        said = failure.get("externalMessage") or failure.get("internalMessage") or ""
        kind = " ".join(filter(None, [failure.get("failureOrigin"), failure.get("failureType")]))
        return cls(
            streams=None if statistics is None else {item["streamName"]: _figures(item) for item in statistics},
            attempts=len(attempts),
            reason=": ".join(filter(None, [kind, said])),
            failure_type=failure.get("failureType") or "",
        )


def result(job: Job, report: Report, connection: Connection, url: str) -> dict[str, Any]:
    """What a finished sync hands on, as JSON: the job's figures and, when known, each stream's."""
    return {
        "job_id": job.id,
        "connection": connection.name,
        "connection_id": connection.id,
        "status": job.status,
        "rows": job.rows,
        "bytes": job.bytes,
        "seconds": job.seconds,
        "started_at": job.started_at,
        "streams": None if report.streams is None else {name: dict(item) for name, item in report.streams.items()},
        "url": url,
    }


def failure_message(job: Job, report: Report, connection: Connection, url: str) -> str:
    """One sentence for the person on call: which job, after how many attempts, why, and where to look."""
    tries = f" after {report.attempts} attempt{'s' if report.attempts > 1 else ''}" if report.attempts else ""
    reason = f": {report.reason.rstrip('.')}" if report.reason else ""
    return f"Airbyte job {job.id} (connection '{connection.name}') {job.status}{tries}{reason}. See {url}"


def _figures(item: Json) -> dict[str, int]:
    return {"rows": item.get("recordsCommitted") or 0, "bytes": item.get("bytesCommitted") or 0}


def _seconds(duration: str | None) -> float:
    try:
        return _DURATION.validate_python(duration).total_seconds() if duration else 0.0
    except ValidationError:
        return 0.0
