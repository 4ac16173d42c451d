"""Run every pipeline once and show how far it is: a live table on a terminal, plain lines in a log."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table

from local.stack.airflow_api import AirflowApi
from local.stack.errors import StackError
from local.stack.layout import MARTS, PIPELINES

FINISHED = ("success", "failed")
TASK_FINISHED = ("success", "failed", "skipped", "upstream_failed", "removed")
POLL_SECONDS = 2
LIMIT_SECONDS = 1800


@dataclass
class PipelineRun:
    """One pipeline's run as far as it is known."""

    dag_id: str
    run_id: str = ""
    state: str = "waiting"
    started: float = 0.0
    seconds: float = 0.0
    tasks: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)

    @property
    def done(self) -> bool:
        return self.state in FINISHED

    @property
    def progress(self) -> str:
        total = sum(self.tasks.values())
        return f"{sum(self.tasks[state] for state in TASK_FINISHED)}/{total}" if total else ""


class FirstRun:
    """Triggers the pipelines, follows them and the marts that their assets start."""

    def __init__(self, api: AirflowApi, console: Console) -> None:
        self._api = api
        self._console = console
        self._since = datetime.now(UTC)
        self.runs = {dag_id: PipelineRun(dag_id) for dag_id in (*PIPELINES, MARTS)}

    def needed(self) -> bool:
        """Whether no run of the last pipeline has ever succeeded."""
        return self._api.latest_run(MARTS, states=["success"]) is None

    def trigger(self) -> None:
        """Start a run of each pipeline; those of a paused DAG wait until it is unpaused."""
        for dag_id in PIPELINES:
            self.runs[dag_id].run_id = self._api.trigger(dag_id)
            self.runs[dag_id].started = time.monotonic()

    def follow(self) -> None:
        """Show the runs until all are done, the marts included.

        Raises StackError with the tasks that failed and the address of their logs.
        """
        deadline = time.monotonic() + LIMIT_SECONDS
        if self._console.is_terminal:
            with Live(self._table(), console=self._console, refresh_per_second=4) as live:
                self._follow(deadline, lambda: live.update(self._table()))
        else:
            printed: dict[str, str] = {}
            self._follow(deadline, lambda: self._print_changes(printed))
        self._raise_failures()

    def _follow(self, deadline: float, show: Any) -> None:
        while not self._over():
            if time.monotonic() > deadline:
                raise StackError(
                    f"The pipelines were not done after {LIMIT_SECONDS} s. Look at make status and make logs."
                )
            for run in self.runs.values():
                self._update(run)
            show()
            time.sleep(POLL_SECONDS)

    def _over(self) -> bool:
        sources = [self.runs[dag_id] for dag_id in PIPELINES]
        if any(run.state == "failed" for run in sources):
            return all(run.done for run in sources)
        return all(run.done for run in self.runs.values())

    def _update(self, run: PipelineRun) -> None:
        if run.done:
            return
        if not run.run_id:
            found = self._api.latest_run(run.dag_id, run_after_gte=self._since.isoformat())
            if found is None:
                return
            run.run_id, run.started = found["dag_run_id"], time.monotonic()
        run.state = self._api.run(run.dag_id, run.run_id)["state"]
        run.seconds = time.monotonic() - run.started
        tasks = self._api.tasks(run.dag_id, run.run_id)
        run.tasks = Counter(task["state"] or "none" for task in tasks)
        run.failed = [task["task_id"] for task in tasks if task["state"] == "failed"]

    def _table(self) -> Table:
        table = Table("pipeline", "state", "tasks", "time")
        for run in self.runs.values():
            table.add_row(run.dag_id, run.state, run.progress, f"{run.seconds:.0f} s" if run.run_id else "")
        return table

    def _print_changes(self, printed: dict[str, str]) -> None:
        for run in self.runs.values():
            line = f"{run.dag_id}: {run.state} {run.progress}".rstrip()
            if run.run_id and printed.get(run.dag_id) != line:
                self._console.print(f"{line} ({run.seconds:.0f} s)", highlight=False)
                printed[run.dag_id] = line

    def _raise_failures(self) -> None:
        failures = [
            f"{run.dag_id}: {', '.join(run.failed) or 'no task, see the run'}"
            for run in self.runs.values()
            if run.state == "failed"
        ]
        if failures:
            raise StackError(
                "The stack runs, but a pipeline failed:\n  "
                + "\n  ".join(failures)
                + "\nOpen it in the Airflow web UI (the address is below), or read .local/logs/airflow."
            )
