"""The task that syncs one Airbyte connection, as its DAG file and the person on call want it to behave.

It wraps the provider's hook, so the Airflow connection, its proxy and timeout stay standard, and replaces the
provider's operator, which fails on the job status `queued`, on one 500 while it polls and on a 409, leaves the job
running when it fails, returns nothing when deferred, and never says why a job failed.

A deferral costs a second start of a worker process (2 to 4 seconds of CPU) and the triggerer's own latency, and most
syncs of an hourly pipeline end within seconds. So the task waits by itself for `inline_seconds` and defers only a sync
that takes longer: the short ones save a process start, the long ones hold no worker slot.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

from airflow.sdk import Asset, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.airbyte.client import AirbyteError, AirbyteRefused, AirbyteUnavailable, Client
from include.airbyte.job import SUCCEEDED, Connection, Job, Report, failure_message, result
from include.airbyte.jobs import ConnectionNotUsable, Jobs
from include.airbyte.trigger import AirbyteSyncTrigger
from include.airbyte.watch import Ending, Outcome, Watch, delays
from include.settings import connections

if TYPE_CHECKING:
    # Imported where it is used: every task of a DAG with a sync parses this file, and the hook costs half a second.
    from airflow.providers.airbyte.hooks.airbyte import AirbyteHook
    from airflow.sdk import Context

T = TypeVar("T")

# In Airflow's task state store, which outlives retries and clears: deleted as soon as the job is over, or clearing a
# successful task would find its old job and sync nothing.
JOB_KEY = "airbyte_job_id"

# Airflow kills a task five seconds after it asked it to stop.
KILL_SECONDS = 4.0


class AirbyteSyncOperator(BaseOperator):
    """Sync one connection, found by name (or id) at run time, and emit one asset event per stream.

    :param connection: name or id of the Airbyte connection.
    :param streams: the asset of each stream, by the stream's name; they are outlets and carry rows, bytes, seconds.
    :param on_conflict: whether to join a sync that somebody else started ("attach") or to fail.
    :param inline_seconds: how long to wait in the worker before deferring.
    :param timeout: seconds until the job is cancelled and the task fails; `execution_timeout` is kept to as well.
    :param patience: seconds of silence from Airbyte to bear, when starting and when watching.

    Returns (XCom) job_id, connection, connection_id, status, rows, bytes, seconds, started_at, url and
    streams: {name: {rows, bytes}}, or None for the streams when Airbyte has no statistics per stream.
    """

    template_fields: Sequence[str] = ("connection", "airbyte_conn_id")
    ui_color = "#e8e6ff"

    def __init__(
        self,
        *,
        connection: str,
        streams: Mapping[str, Asset] | None = None,
        airbyte_conn_id: str = connections.AIRBYTE,
        deferrable: bool = True,
        on_conflict: Literal["attach", "fail"] = "attach",
        inline_seconds: float = 20.0,
        poll_seconds: float = 0.5,
        max_poll_seconds: float = 10.0,
        timeout: float = 3600.0,
        patience: float = 300.0,
        outlets: Sequence[Asset] = (),
        **kwargs: Any,
    ) -> None:
        self.streams = dict(streams or {})
        super().__init__(outlets=[*self.streams.values(), *outlets], **kwargs)
        self.connection = connection
        self.airbyte_conn_id = airbyte_conn_id
        self.deferrable = deferrable
        self.on_conflict = on_conflict
        self.inline_seconds = inline_seconds
        self.poll_seconds = poll_seconds
        self.max_poll_seconds = max_poll_seconds
        self.timeout = timeout
        self.patience = patience
        self.firehose_facts: dict[str, Any] = {}
        self._hook: AirbyteHook | None = None
        self._job_id: int | None = None
        self._killed = False

    def execute(self, context: Context) -> dict[str, Any]:
        """Start the sync or join the one that runs; wait for it here if it is short, in the triggerer if not."""
        jobs = self._connect()
        try:
            connection = self._patiently(lambda: jobs.connection(self.connection))
            job, joined = self._resume(context, jobs, connection), True
            if job is None:
                job, joined = self._start(jobs, connection)
        except (ConnectionNotUsable, AirbyteRefused) as error:
            raise AirflowFailException(str(error)) from error
        except AirbyteError as error:
            raise AirflowException(str(error)) from error
        self._job_id = job.id
        context["task_state_store"].set(JOB_KEY, job.id)
        self.log.info("%s job %s of connection %s.", "Joined" if joined else "Started", job.id, connection.name)
        deadline = time.time() + self._allowed_seconds()
        ending = self._wait(jobs, job, deadline)
        if ending is None:
            self._defer(job, connection, deadline, joined=joined)
        return self._conclude(context, jobs, ending, connection, joined=joined)

    def execute_complete(
        self, context: Context, event: dict[str, Any], connection: dict[str, str], job_id: int, joined: bool
    ) -> dict[str, Any]:
        """Go on after the triggerer has watched the job."""
        self._job_id = job_id
        ending = Ending.of_event(event)
        return self._conclude(context, self._connect(), ending, Connection(**connection), joined=joined)

    def on_kill(self) -> None:
        """Cancel the job. Runs inside a signal handler, which may have interrupted a request.

        So nothing of the interrupted thread is used (its connection pool and token cache may be locked), and waiting
        is bounded.
        """
        self._killed = True
        if self._job_id is None or self._hook is None:
            return
        thread = threading.Thread(target=self._cancel, args=(self._hook, self._job_id), daemon=True)
        thread.start()
        thread.join(KILL_SECONDS)

    def _cancel(self, hook: AirbyteHook, job_id: int) -> None:
        try:
            cancelled = Jobs(Client(hook.create_api_session())).cancel(job_id)
        except Exception as error:
            self.log.warning("Job %s could not be cancelled: %s", job_id, error)
        else:
            self.log.info("Job %s %s.", job_id, "is being cancelled" if cancelled else "was over already")

    def _connect(self) -> Jobs:
        from airflow.providers.airbyte.hooks.airbyte import AirbyteHook

        self._hook = AirbyteHook(self.airbyte_conn_id)
        return Jobs(Client(self._hook.airbyte_api))

    def _allowed_seconds(self) -> float:
        limit = self.execution_timeout
        return self.timeout if limit is None else min(self.timeout, limit.total_seconds())

    def _patiently(self, request: Callable[[], T]) -> T:
        """Repeat a request that Airbyte may answer later."""
        give_up = time.monotonic() + self.patience
        for delay in delays(self.poll_seconds, self.max_poll_seconds):
            try:
                return request()
            except AirbyteUnavailable as error:
                if time.monotonic() + delay > give_up:
                    raise
                self.log.warning("%s Trying again.", error)
            self._sleep(delay)
        raise AssertionError("delays() has no end")

    def _sleep(self, seconds: float) -> None:
        time.sleep(seconds)
        if not self._killed:
            return
        if self._hook is not None and self._job_id is not None:
            # on_kill() may have come while the job was being started and its id not known.
            self._cancel(self._hook, self._job_id)
        raise AirflowException("The task was asked to stop.")

    def _resume(self, context: Context, jobs: Jobs, connection: Connection) -> Job | None:
        """The job that an earlier try of this task started, if it still runs."""
        store = context["task_state_store"]
        job_id = store.get(JOB_KEY)
        if not isinstance(job_id, int):
            return None
        try:
            job = self._patiently(lambda: jobs.get(job_id))
        except AirbyteRefused as error:
            self.log.warning("The job of the earlier try is not to be had: %s", error)
            return None
        return None if job.over or job.connection_id != connection.id else job

    def _start(self, jobs: Jobs, connection: Connection) -> tuple[Job, bool]:
        """A job for this task, and whether somebody else had started it."""
        before = self._patiently(lambda: jobs.latest(connection.id))
        after = before.id if before else 0
        attach = self.on_conflict == "attach"
        job = self._patiently(lambda: jobs.start(connection, after=after, attach=attach))
        return job, job.id <= after

    def _wait(self, jobs: Jobs, job: Job, deadline: float) -> Ending | None:
        """How the job ended, or None when it is time to defer."""
        watch = Watch(connect=lambda: jobs, job_id=job.id, deadline=deadline, patience=self.patience)
        inline_until = time.time() + self.inline_seconds
        for delay in delays(self.poll_seconds, self.max_poll_seconds):
            if self.deferrable and time.time() + delay > inline_until:
                return None
            self._sleep(delay)
            if (ending := watch.look()) is not None:
                return ending
        raise AssertionError("delays() has no end")

    def _defer(self, job: Job, connection: Connection, deadline: float, *, joined: bool) -> NoReturn:
        trigger = AirbyteSyncTrigger(
            job_id=job.id,
            airbyte_conn_id=self.airbyte_conn_id,
            deadline=deadline,
            poll_seconds=min(4 * self.poll_seconds, self.max_poll_seconds),
            max_poll_seconds=self.max_poll_seconds,
            patience=self.patience,
        )
        # The trigger keeps the deadline itself; Airflow's own limit is for a triggerer that is not there.
        limit = timedelta(seconds=max(deadline - time.time(), 0) + self.patience + 600)
        kwargs = {"connection": asdict(connection), "job_id": job.id, "joined": joined}
        self.defer(trigger=trigger, method_name="execute_complete", kwargs=kwargs, timeout=limit)
        raise AssertionError("defer() always raises")

    def _conclude(
        self, context: Context, jobs: Jobs, ending: Ending, connection: Connection, *, joined: bool
    ) -> dict[str, Any]:
        if ending.outcome is Outcome.DEADLINE and self._job_id is not None and self._hook is not None:
            self._cancel(self._hook, self._job_id)
        if ending.job is None:
            # The job id stays in the store: the next try joins the job if it still runs.
            raise AirflowException(f"{ending.message} See {jobs.page(connection)}")
        job, report, url = ending.job, jobs.report(ending.job.id), jobs.page(connection)
        context["task_state_store"].delete(JOB_KEY)
        if job.status != SUCCEEDED:
            message = failure_message(job, report, connection, url)
            raise AirflowFailException(message) if _is_final(job, report, joined=joined) else AirflowException(message)
        self.log.info("Job %s loaded %s rows, %s bytes in %.0f s.", job.id, job.rows, job.bytes, job.seconds)
        summary = result(job, report, connection, url)
        self._emit(context, summary)
        # For the firehose, which tells what was loaded beside the task's state.
        self.firehose_facts = {name: summary[name] for name in ("rows", "bytes", "seconds")} | {
            "streams": summary["streams"] or {}
        }
        return summary

    def _emit(self, context: Context, summary: dict[str, Any]) -> None:
        """Put each stream's figures on its asset event."""
        shared = {key: summary[key] for key in ("job_id", "connection", "status", "seconds", "started_at", "url")}
        for name, asset in self.streams.items():
            if summary["streams"] is not None:
                figures = summary["streams"].get(name, {"rows": 0, "bytes": 0})
            elif len(self.streams) == 1:
                figures = {"rows": summary["rows"], "bytes": summary["bytes"]}
            else:
                figures = {}
            context["outlet_events"][asset].extra = {"stream": name, **figures, **shared}


def _is_final(job: Job, report: Report, *, joined: bool) -> bool:
    """Whether another try is useless: the configuration is wrong, or a person cancelled the job that we had started.

    A job we only joined may have been cancelled on behalf of an earlier try of this very task.
    """
    return report.failure_type == "config_error" or (job.status == "cancelled" and not joined)
