"""The LocalExecutor that ends the tasks of dbt models without starting a process for each.

`[core] executor = include.transform.executor.WatchingLocalExecutor`. Under an executor that does not watch, the same
tasks give the same results, slower; another executor learns it as this one does (`class X(Watching, CeleryExecutor)`).
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Sequence
from typing import Any

from airflow.executors.local_executor import LocalExecutor, _run_worker
from airflow.models.taskinstance import TaskInstance

from include.settings import environment
from include.transform.watching import Watching

# How often an idle worker looks whether its scheduler still lives.
IDLE_SECONDS = 2.0


class WatchingLocalExecutor(Watching, LocalExecutor):
    """The LocalExecutor that watches builds. `[core] parallelism` bounds what is queued, TASK_PROCESSES what runs."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "parallelism": environment.load().task_processes})

    def try_adopt_task_instances(self, tis: Sequence[TaskInstance]) -> Sequence[TaskInstance]:
        """Leave what runs alone as well: workers outlive a killed scheduler and end their task by themselves.

        Reset, it would run twice until the old process has noticed. One that died with the scheduler is found by its
        missing heartbeat.
        """
        return [ti for ti in super().try_adopt_task_instances(tis) if ti.state != "running"]

    def _spawn_worker(self) -> None:
        """As LocalExecutor does it, but an idle worker ends when its scheduler has been killed."""
        process = multiprocessing.Process(
            target=_run_worker,
            kwargs={
                "logger_name": self.log.name,
                "input": _QueueOfLiving(self.activity_queue, os.getpid()),
                "output": self.result_queue,
                "unread_messages": self._unread_messages,
                "team_conf": self.conf,
            },
        )
        process.start()
        self.workers[process.pid or 0] = process


class _QueueOfLiving:
    """The workers' queue, whose `get` raises EOFError once the process that fills it is gone.

    Every worker inherits the writing end, so the queue itself never comes to an end, and workers of a killed scheduler
    would wait for ever.
    """

    def __init__(self, queue: Any, parent: int) -> None:
        self._queue = queue
        self._parent = parent

    def get(self) -> Any:
        while os.getppid() == self._parent:
            if not self._queue._rlock.acquire(timeout=IDLE_SECONDS):
                continue
            try:
                if self._queue._reader.poll(IDLE_SECONDS):
                    return pickle.loads(self._queue._reader.recv_bytes())
            finally:
                self._queue._rlock.release()
        raise EOFError("The scheduler is gone.")
