"""Watching one job until it is over: when to look, and what each look means.

Shared by the operator, which looks while a sync is short, and by the trigger, which goes on looking. Both bear an
Airbyte that answers nothing for a while (a restart, a proxy, a deployment): the job goes on without us, and failing
the task would only start a second sync beside it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from include.airbyte.client import AirbyteRefused
from include.airbyte.job import Job
from include.airbyte.jobs import Jobs

log = logging.getLogger(__name__)


class Outcome(StrEnum):
    """Why watching ended."""

    OVER = "over"
    DEADLINE = "deadline"
    LOST = "lost"


@dataclass(frozen=True, kw_only=True)
class Ending:
    """The end of watching: the job when it is over, a sentence when it is not."""

    outcome: Outcome
    job: Job | None = None
    message: str = ""

    def as_event(self) -> dict[str, Any]:
        """JSON for a trigger event; `of_event` reads it back."""
        return {"outcome": self.outcome.value, "job": asdict(self.job) if self.job else None, "message": self.message}

    @classmethod
    def of_event(cls, event: dict[str, Any]) -> Ending:
        job = Job(**event["job"]) if event["job"] else None
        return cls(outcome=Outcome(event["outcome"]), job=job, message=event["message"])


def delays(first: float, longest: float, factor: float = 1.25) -> Iterator[float]:
    """Seconds between looks: soon at first, because most syncs are short, then ever more seldom."""
    delay = first
    while True:
        yield delay
        delay = min(delay * factor, longest)


class Watch:
    """One job under watch. `connect` is called until it works once; `deadline` is in seconds since the epoch."""

    def __init__(self, *, connect: Callable[[], Jobs], job_id: int, deadline: float, patience: float) -> None:
        self._connect = connect
        self._jobs: Jobs | None = None
        self._job_id = job_id
        self._deadline = deadline
        self._patience = patience
        self._silent_since: float | None = None
        self._status = ""

    def look(self) -> Ending | None:
        """Ask for the job once (blocking); None when it still goes on. Never raises."""
        try:
            self._jobs = self._jobs or self._connect()
            job = self._jobs.get(self._job_id)
        except AirbyteRefused as error:
            return Ending(outcome=Outcome.LOST, message=f"Airbyte refuses to tell of job {self._job_id}: {error}")
        except Exception as error:
            # Whatever it was, the job may be well: only silence that lasts ends the watch.
            return self._silence(error)
        self._silent_since = None
        if job.status != self._status:
            log.info("Job %s is %s.", job.id, job.status)
            self._status = job.status
        return Ending(outcome=Outcome.OVER, job=job) if job.over else self._late(job.status)

    def _silence(self, error: Exception) -> Ending | None:
        now = time.time()
        self._silent_since = self._silent_since or now
        if now - self._silent_since >= self._patience:
            message = f"Nothing was heard of job {self._job_id} for {self._patience:.0f} seconds: {error}"
            return Ending(outcome=Outcome.LOST, message=message)
        log.warning("Job %s: %s Asking again.", self._job_id, error)
        return self._late("silent")

    def _late(self, status: str) -> Ending | None:
        if time.time() < self._deadline:
            return None
        return Ending(outcome=Outcome.DEADLINE, message=f"Job {self._job_id} is still {status} at its deadline.")
