"""The life of a job: pending, queued while all places are taken, running, its attempts with back-off, its end.

One thread per job; what a job does is in `sync.py` and `clear` below.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import BinaryIO

from local.airbyte import definitions
from local.airbyte.engine.loader import Loader, LoadError
from local.airbyte.engine.plan import StreamPlan, plans
from local.airbyte.engine.sync import SyncAttempt, SyncContext
from local.airbyte.faults import Fault, FaultKind, Faults
from local.airbyte.history import History, failure
from local.airbyte.models import Actor, ActorKind, Connection, Job, JobStatus, JobType, Json
from local.airbyte.settings import Settings
from local.airbyte.store import Store

LOG = logging.getLogger("airbyte.jobs")
# SIGTERM, five seconds, SIGKILL, and the batch that is being loaded: then a cancelled job has ended.
CANCEL_SECONDS = 15.0


@dataclass
class RunningJob:
    """A job that has a thread."""

    job: Job
    connection: Connection
    cancelled: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    attempt: SyncAttempt | None = None


class Runner:
    """Runs jobs, at most `max_parallel_jobs` at a time."""

    def __init__(self, settings: Settings, store: Store, history: History, faults: Faults) -> None:
        self._settings = settings
        self._store = store
        self._history = history
        self._faults = faults
        self._places = threading.Semaphore(settings.max_parallel_jobs)
        self._lock = threading.Lock()
        self._running: dict[int, RunningJob] = {}

    def submit(self, job: Job, connection: Connection) -> None:
        """Start a pending job."""
        running = RunningJob(job, connection)
        with self._lock:
            self._running[job.id] = running
        threading.Thread(target=self._run, args=(running,), name=f"job {job.id}", daemon=True).start()

    def cancel(self, job: Job) -> bool:
        """Cancel the job and wait for its end. False if it is not running."""
        with self._lock:
            running = self._running.get(job.id)
        if running is None:
            return False
        LOG.info("job %s: cancelling", job.id)
        running.cancelled.set()
        if running.attempt:
            running.attempt.terminate()
        running.ended.wait(CANCEL_SECONDS)
        return True

    def stop(self, seconds: float) -> None:
        """Fail what is running, because the server stops."""
        with self._lock:
            running = list(self._running.values())
        for one in running:
            one.stopping.set()
            one.cancelled.set()
            if one.attempt:
                one.attempt.terminate()
        deadline = time.monotonic() + seconds
        for one in running:
            one.ended.wait(max(0.0, deadline - time.monotonic()))

    def _run(self, running: RunningJob) -> None:
        job = running.job
        try:
            self._wait_for_start(running)
            status = self._execute(running)
        except Exception:
            LOG.exception("job %s: the engine broke", job.id)
            status = JobStatus.FAILED
        if running.stopping.is_set():
            status = JobStatus.FAILED
        self._history.set_status(job.id, status)
        with self._lock:
            del self._running[job.id]
        running.ended.set()
        LOG.info("job %s: %s %s", job.id, running.connection.name, status)

    def _wait_for_start(self, running: RunningJob) -> None:
        """Stay `pending` or `queued` as long as a fault says."""
        name = running.connection.name
        if delay := self._faults.take(FaultKind.START_DELAY, name):
            running.cancelled.wait(delay.seconds)
        if queued := self._faults.take(FaultKind.QUEUED, name):
            self._history.set_status(running.job.id, JobStatus.QUEUED)
            running.cancelled.wait(queued.seconds)

    def _execute(self, running: RunningJob) -> JobStatus:
        if not self._places.acquire(blocking=False):
            self._history.set_status(running.job.id, JobStatus.QUEUED)
            while not self._places.acquire(timeout=0.2):
                if running.cancelled.is_set():
                    return JobStatus.CANCELLED
        try:
            if running.cancelled.is_set():
                return JobStatus.CANCELLED
            return self._attempts(running)
        finally:
            self._places.release()

    def _attempts(self, running: RunningJob) -> JobStatus:
        job, name = running.job, running.connection.name
        doomed = self._faults.take(FaultKind.FAIL_JOB, name)
        if job.type is JobType.SYNC:
            self._begin_generations(running.connection)
        for number in range(self._settings.attempts):
            failures = self._recorded_attempt(running, number, doomed)
            if not failures:
                return JobStatus.SUCCEEDED
            if running.cancelled.is_set():
                return JobStatus.CANCELLED
            LOG.info("job %s: attempt %s failed: %s", job.id, number, failures[0]["externalMessage"])
            if not failures[0]["retryable"] or number + 1 == self._settings.attempts:
                break
            self._history.set_status(job.id, JobStatus.INCOMPLETE)
            backoff = self._settings.backoff
            if running.cancelled.wait(backoff[min(number, len(backoff) - 1)]):
                return JobStatus.CANCELLED
        return JobStatus.FAILED

    def _begin_generations(self, connection: Connection) -> None:
        """An overwrite is a new generation of its stream; all attempts of a job write the same one."""
        for plan in self._plans(connection):
            if plan.overwrite:
                self._store.next_generation(connection.id, plan.stream)

    def _recorded_attempt(self, running: RunningJob, number: int, doomed: Fault | None) -> list[Json]:
        """Run an attempt and write down how it ended. Returns its failures."""
        job = running.job
        self._history.start_attempt(job.id, number)
        self._history.set_status(job.id, JobStatus.RUNNING)
        fault = doomed or self._faults.take(FaultKind.FAIL_ATTEMPTS, running.connection.name)
        if fault:
            failures = [failure("source", fault.failure_type, "The attempt was made to fail by a fault.")]
        else:
            failures = self._attempt(running, number)
        if running.stopping.is_set():
            failures = [failure("airbyte_platform", "system_error", "The server was stopped.")]
        status = JobStatus.FAILED if failures else JobStatus.SUCCEEDED
        self._history.end_attempt(job.id, number, status, failures)
        return failures

    def _attempt(self, running: RunningJob, number: int) -> list[Json]:
        if hang := self._faults.take(FaultKind.HANG, running.connection.name):
            running.cancelled.wait(hang.seconds)
            if running.cancelled.is_set():
                return [failure("airbyte_platform", "manual_cancellation", "The sync was cancelled.")]
        folder = self._settings.jobs_dir / str(running.job.id)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            # Unbuffered, because the connector writes its standard error to the same file.
            with (folder / f"attempt-{number}.log").open("ab", buffering=0) as log:
                if running.job.type is JobType.SYNC:
                    return self._sync(running, number, log)
                self._clear(running.connection)
                return []
        except LoadError as error:
            return [failure("destination", error.failure_type, str(error))]
        except Exception as error:
            LOG.exception("job %s: the engine broke", running.job.id)
            return [failure("airbyte_platform", "system_error", f"The engine broke: {error!r}")]

    def _sync(self, running: RunningJob, number: int, log: BinaryIO) -> list[Json]:
        connection = running.connection
        source = self._actor(ActorKind.SOURCE, connection.source_id)
        definition = definitions.by_id(source.definition_id)
        assert definition is not None
        context = SyncContext(
            job=running.job,
            connection=connection,
            source=source,
            source_definition=definition,
            destination=self._actor(ActorKind.DESTINATION, connection.destination_id),
            settings=self._settings,
            store=self._store,
            history=self._history,
            faults=self._faults,
            cancelled=running.cancelled,
            number=number,
            log=log,
        )
        running.attempt = SyncAttempt(context, self._plans(connection))
        if running.cancelled.is_set():
            running.attempt.terminate()
        return running.attempt.run()

    def _clear(self, connection: Connection) -> None:
        """Empty the tables and forget the states: the next sync reads everything, as a new generation."""
        cleared = self._plans(connection)
        loader = Loader(self._actor(ActorKind.DESTINATION, connection.destination_id).configuration, LOG.debug)
        try:
            loader.truncate(cleared)
        finally:
            loader.close()
        for plan in cleared:
            self._store.delete_state(connection.id, plan.stream)
            self._store.next_generation(connection.id, plan.stream)

    def _plans(self, connection: Connection) -> list[StreamPlan]:
        destination = self._actor(ActorKind.DESTINATION, connection.destination_id)
        default_schema = destination.configuration["schema"]
        return plans(connection, default_schema, self._store.generations(connection.id))

    def _actor(self, kind: ActorKind, actor_id: str) -> Actor:
        actor = self._store.actor(kind, actor_id)
        if actor is None:
            raise LookupError(f"The connection's {kind} {actor_id} was deleted.")
        return actor
