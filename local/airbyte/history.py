"""Jobs and their attempts, as the engine writes them and the API shows them."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

from local.airbyte.database import Database
from local.airbyte.models import Attempt, Job, JobStatus, JobType, Json

_UNFINISHED = ("pending", "queued", "running", "incomplete")


class AlreadyRunning(Exception):
    """The connection has an unfinished job."""


def failure(origin: str, failure_type: str, message: str, *, internal: str | None = None, **more: Any) -> Json:
    """One entry of a failure summary, in the Config API's shape. `more` adds e.g. streamDescriptor."""
    return {
        "failureOrigin": origin,
        "failureType": failure_type,
        "externalMessage": message,
        "internalMessage": internal or message,
        "retryable": failure_type != "config_error",
        "timestamp": int(time.time() * 1000),
        **more,
    }


def _job(row: sqlite3.Row) -> Job:
    return Job(
        id=row["id"],
        connection_id=row["connection_id"],
        type=JobType(row["type"]),
        status=JobStatus(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        started_at=row["started_at"],
    )


def _attempt(row: sqlite3.Row) -> Attempt:
    return Attempt(
        job_id=row["job_id"],
        number=row["number"],
        status=JobStatus(row["status"]),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        ended_at=row["ended_at"],
        failures=json.loads(row["failures"]),
        streams=json.loads(row["streams"]),
    )


class History:
    """The jobs there were and are."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def create(self, connection_id: str, job_type: JobType) -> Job:
        """A new pending job. Raises AlreadyRunning when the connection has one that is not finished."""
        now = time.time()
        with self._db.transaction():
            if self.unfinished(connection_id):
                raise AlreadyRunning(connection_id)
            job_id = self._db.insert(
                "INSERT INTO jobs (connection_id, type, status, created_at, updated_at) VALUES (?, ?, 'pending', ?, ?)",
                (connection_id, job_type, now, now),
            )
        job = self.job(job_id)
        assert job is not None
        return job

    def unfinished(self, connection_id: str) -> Job | None:
        rows = self._db.run(
            f"SELECT * FROM jobs WHERE connection_id = ? AND status IN {_UNFINISHED} ORDER BY id DESC LIMIT 1",
            (connection_id,),
        )
        return _job(rows[0]) if rows else None

    def job(self, job_id: int) -> Job | None:
        rows = self._db.run("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return _job(rows[0]) if rows else None

    def jobs(self, where: str, parameters: list[Any], order: str, limit: int, offset: int) -> list[Job]:
        """Jobs by an SQL condition and order, both made by the API from closed vocabularies."""
        sql = f"SELECT * FROM jobs WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"
        return [_job(row) for row in self._db.run(sql, [*parameters, limit, offset])]

    def set_status(self, job_id: int, status: JobStatus) -> None:
        now = time.time()
        started = now if status is JobStatus.RUNNING else None
        self._db.run(
            "UPDATE jobs SET status = ?, updated_at = ?, started_at = COALESCE(started_at, ?) WHERE id = ?",
            (status, now, started, job_id),
        )

    def attempts(self, job_id: int) -> list[Attempt]:
        return [_attempt(row) for row in self._db.run("SELECT * FROM attempts WHERE job_id = ? ORDER BY 2", (job_id,))]

    def start_attempt(self, job_id: int, number: int) -> None:
        now = time.time()
        self._db.run(
            "INSERT INTO attempts VALUES (?, ?, 'running', ?, ?, NULL, '[]', '[]')", (job_id, number, now, now)
        )

    def record_progress(self, job_id: int, number: int, streams: list[Json]) -> None:
        """Keep the attempt's per-stream statistics as they are now, so that a poll sees them grow."""
        now = time.time()
        with self._db.transaction():
            self._db.run(
                "UPDATE attempts SET streams = ?, updated_at = ? WHERE job_id = ? AND number = ?",
                (json.dumps(streams), now, job_id, number),
            )
            self._db.run("UPDATE jobs SET updated_at = ? WHERE id = ?", (now, job_id))

    def end_attempt(self, job_id: int, number: int, status: JobStatus, failures: list[Json]) -> None:
        now = time.time()
        self._db.run(
            "UPDATE attempts SET status = ?, failures = ?, updated_at = ?, ended_at = ? "
            "WHERE job_id = ? AND number = ? AND ended_at IS NULL",
            (status, json.dumps(failures), now, now, job_id, number),
        )

    def fail_unfinished(self, reason: str) -> list[int]:
        """Fail every unfinished job, for `reason`; at start they are those a crash left behind. Returns their ids."""
        jobs = [row["id"] for row in self._db.run(f"SELECT id FROM jobs WHERE status IN {_UNFINISHED}")]
        for job_id in jobs:
            attempts = self.attempts(job_id)
            if not attempts:
                self.start_attempt(job_id, 0)
            number = attempts[-1].number if attempts else 0
            with self._db.transaction():
                self.end_attempt(
                    job_id, number, JobStatus.FAILED, [failure("airbyte_platform", "system_error", reason)]
                )
                self.set_status(job_id, JobStatus.FAILED)
        return jobs
