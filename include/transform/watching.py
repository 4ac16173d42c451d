"""What an executor needs to end the tasks of dbt models without starting a process for each.

A task that waits for a build's word (consumer.DbtModelOperator) goes to the watcher, everything else, and every model
that must be built alone, to the executor that is extended.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import multiprocessing
import time
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.executors.workloads import ExecuteTask
from airflow.models.taskinstance import TaskInstance, clear_task_instances
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.models.taskinstancekey import TaskInstanceKey
from airflow.utils.session import create_session
from sqlalchemy import select

from include.transform import watching_process
from include.transform.dbt import warm_connector
from include.transform.producer import MODELS_KEY
from include.transform.watched import Report, Task, build_of, task_of

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecutorWorkload
    from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

# What every task of a pipeline imports. Imported once here, in the process that workers are forked from, it costs no
# task anything: about 8 s of CPU per dbt build.
WARM_MODULES = (
    "cosmos",
    "cosmos.airflow.task_group",
    "dbt.cli.main",
    "dbt.adapters.snowflake.impl",
    "include.airbyte.builder",
    "airflow.providers.airbyte.hooks.airbyte",
    "include.transform.group",
)
# Watched tasks cost a few requests each, so the scheduler may queue them without regard to processes.
WATCHED_AT_ONCE = 2000
# Of the scheduler, while models are watched.
LONGEST_REST_SECONDS = 2.5
NOT_GREEN = ("failed", "upstream_failed", "skipped")


class Watching:
    """Adds the watcher to an executor: `class WatchingLocalExecutor(Watching, LocalExecutor)`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._watched: dict[Any, tuple[Task, ExecuteTask]] = {}
        self._numbers = itertools.count(1)
        self._process: multiprocessing.Process | None = None
        self._connection: Any = None
        self._worked = time.thread_time()

    def start(self) -> None:
        """Import what tasks need, then start workers (forked from here) and the watcher."""
        for module in WARM_MODULES:
            importlib.import_module(module)
        warm_connector()
        self._start_watcher()
        super().start()  # type: ignore[misc]

    def queue_workload(self, workload: ExecutorWorkload, session: Session) -> None:
        """Give a task that waits for a build's word to the watcher, anything else to the executor."""
        if isinstance(workload, ExecuteTask) and (build_task_id := build_of(workload.ti)):
            ended = _ended_before(workload.ti, session)
            self._watch(task_of(next(self._numbers), workload, build_task_id, ended_before=ended), workload)
            return
        if isinstance(workload, ExecuteTask) and workload.ti.try_number > 1:
            _clear_unfinished(workload.ti, session)
        super().queue_workload(workload, session)  # type: ignore[misc]

    def sync(self) -> None:
        """Take in what the watcher reports; called in each of the scheduler's rounds."""
        self._pace()
        super().sync()  # type: ignore[misc]
        try:
            while self._connection.poll():
                self._heard(*self._connection.recv())
        except (EOFError, OSError):
            log.warning("The watcher of builds has ended. Starting it again with %s tasks.", len(self._watched))
            self._start_watcher()
            for task, _ in self._watched.values():
                self._connection.send(task)

    def _pace(self) -> None:
        """Let the scheduler rest twice as long as its last round worked, while models end by the dozen.

        By itself it rests only after a round that found nothing to do, and each round looks at every task of a run.
        """
        if self._watched:
            time.sleep(min(2 * (time.thread_time() - self._worked), LONGEST_REST_SECONDS))
        self._worked = time.thread_time()

    def has_task(self, task_instance: TaskInstance) -> bool:
        return task_instance.key in self._watched or super().has_task(task_instance)  # type: ignore[misc]

    @property
    def slots_available(self) -> int:
        return max(super().slots_available, 0) + WATCHED_AT_ONCE - len(self._watched)  # type: ignore[misc]

    def revoke_task(self, *, ti: TaskInstance) -> None:
        if self._watched.pop(ti.key, None) is None:
            super().revoke_task(ti=ti)  # type: ignore[misc]

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Go on with the watched tasks of a scheduler that has died; the rest is for the executor."""
        left = []
        # Not the scheduler's own session, which would be closed with it: the rows belong to that.
        with create_session(scoped=False) as session:
            for ti in tis:
                build_task_id = build_of(ti)
                if not build_task_id:
                    left.append(ti)
                    continue
                workload = ExecuteTask.make(ti, generator=self.jwt_generator)  # type: ignore[attr-defined]
                ended = _ended_before(ti, session)
                task = task_of(next(self._numbers), workload, build_task_id, adopted=ti, ended_before=ended)
                self._watch(task, workload)
        return super().try_adopt_task_instances(left)  # type: ignore[misc]

    def end(self, *args: Any, **kwargs: Any) -> None:
        self._stop_watcher()
        super().end(*args, **kwargs)  # type: ignore[misc]

    def terminate(self) -> None:
        self._stop_watcher()
        super().terminate()  # type: ignore[misc]

    def _watch(self, task: Task, workload: ExecuteTask) -> None:
        self._watched[workload.ti.key] = (task, workload)
        try:
            self._connection.send(task)
        except OSError:
            # It has ended; sync() starts another and hands it everything that is watched.
            log.warning("The watcher of builds takes no task at this moment.")

    def _heard(self, number: int, key: tuple[str, str, str, int, int], word: str) -> None:
        ti_key = TaskInstanceKey(*key)
        known = self._watched.get(ti_key)
        if known is None or known[0].number != number:
            return
        del self._watched[ti_key]
        if word == Report.ALONE:
            self.queued_tasks[ti_key] = known[1]  # type: ignore[attr-defined]
        elif word == Report.LOST:
            # For a task that was cleared while it ran the scheduler waits to hear that it has stopped.
            self.fail(ti_key)  # type: ignore[attr-defined]

    def _start_watcher(self) -> None:
        self._stop_watcher()
        self._connection, other_end = multiprocessing.Pipe()
        process = multiprocessing.Process(
            target=_serve,
            kwargs={"connection": other_end, "ours": self._connection},
            name="watcher",
            daemon=True,
        )
        process.start()
        other_end.close()
        self._process = process

    def _stop_watcher(self) -> None:
        if self._process is None:
            return
        self._connection.close()
        self._process.terminate()
        self._process.join(5)
        self._process = None


def _ended_before(ti: Any, session: Session) -> datetime | None:
    """When the try before this one ended, as Airflow's history has it."""
    if ti.try_number == 1:
        return None
    history = TaskInstanceHistory
    instance = (history.dag_id == ti.dag_id, history.run_id == ti.run_id, history.task_id == ti.task_id)
    query = select(history.end_date).where(*instance, history.map_index == ti.map_index)
    ended = session.scalar(query.where(history.try_number == ti.try_number - 1))
    return ended if isinstance(ended, datetime) else None


def _clear_unfinished(ti: Any, session: Session) -> None:
    """A build that is tried again, or cleared, builds what is not green: its models' tasks must take its word anew.

    They are not downstream of it in Airflow's graph (they run beside it), so that clearing it does not clear them.
    """
    wanted = ti.executor_config
    models = wanted.get(MODELS_KEY) if isinstance(wanted, dict) else None
    if not models:
        return
    of_run = (TaskInstance.dag_id == ti.dag_id, TaskInstance.run_id == ti.run_id)
    query = select(TaskInstance).where(*of_run, TaskInstance.task_id.in_(models), TaskInstance.state.in_(NOT_GREEN))
    if found := list(session.scalars(query)):
        log.info("Try %s of %s %s takes %s models with it.", ti.try_number, ti.dag_id, ti.task_id, len(found))
        clear_task_instances(found, session, dag_run_state=False)


def _serve(connection: Any, ours: Any) -> None:
    # The scheduler's end was inherited by the fork; held open here it would hide the scheduler's death.
    ours.close()
    watching_process.serve(connection)
