"""A task instance whose end is its build's word, as the executor hands it to the watcher."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from include.settings.dags import OWNER
from include.transform.consumer import ASSET_KEY, BUILD_KEY

if TYPE_CHECKING:
    from airflow.executors.workloads import ExecuteTask
    from airflow.models.taskinstance import TaskInstance


@dataclass(frozen=True)
class Task:
    """A task instance to be ended by its build's word.

    `number` tells two handings-over of one task instance apart (a reschedule keeps even the try number). `hostname` and
    `pid` are those it runs as, once it runs.
    """

    number: int
    key: tuple[str, str, str, int, int]
    ti_id: str
    build_task_id: str
    log_path: str
    hostname: str
    unixname: str
    pid: int
    owner: str = ""
    asset: tuple[str, str] | None = None
    running: bool = False
    # When the try before this one ended; None at the first.
    ended_before: datetime | None = None

    @property
    def dag_id(self) -> str:
        return self.key[0]

    @property
    def task_id(self) -> str:
        return self.key[1]

    @property
    def run_id(self) -> str:
        return self.key[2]

    @property
    def try_number(self) -> int:
        return self.key[3]

    @property
    def build_key(self) -> tuple[str, str, str]:
        """The build that answers for it: DAG, run, task."""
        return self.dag_id, self.run_id, self.build_task_id


class Report:
    """What the watcher says to the executor of a task."""

    DONE = "done"
    ALONE = "alone"
    LOST = "lost"


def build_of(ti: Any) -> str:
    """The task whose build answers for this task instance; empty when it is none of ours."""
    wanted = ti.executor_config
    return str(wanted.get(BUILD_KEY, "")) if isinstance(wanted, dict) else ""


def task_of(
    number: int,
    workload: ExecuteTask,
    build_task_id: str,
    *,
    adopted: TaskInstance | None = None,
    ended_before: datetime | None = None,
) -> Task:
    """The task as the watcher needs it; `adopted` is the row of one that an earlier scheduler had handed over."""
    from airflow.utils.net import get_hostname

    ti = workload.ti
    running = adopted is not None and adopted.state == "running"
    return Task(
        number=number,
        key=(ti.dag_id, ti.task_id, ti.run_id, ti.try_number, ti.map_index),
        ti_id=str(ti.id),
        build_task_id=build_task_id,
        log_path=str(workload.log_path),
        # A running task must go on under the name it was started with, or Airflow takes it for a double.
        hostname=str(adopted.hostname) if running and adopted else get_hostname(),
        unixname=str(adopted.unixname) if running and adopted else getpass.getuser(),
        pid=int(adopted.pid or 0) if running and adopted else os.getpid(),
        owner=OWNER,
        asset=_asset(ti.executor_config),
        running=running,
        ended_before=ended_before,
    )


def _asset(wanted: Any) -> tuple[str, str] | None:
    asset = wanted.get(ASSET_KEY) if isinstance(wanted, dict) else None
    return (str(asset[0]), str(asset[1])) if asset else None
