"""What the tests of builds ask of their stack: set a switch, run a DAG, look at its tasks, kill a process."""

from __future__ import annotations

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import psutil

from local.stack import dotenv
from local.stack.errors import StackError
from local.stack.layout import OWNER_VARIABLE
from tests.integration.stack import Stack, wait_for
from tests.standins import ROOT

DAGS = ("lab", "elsewhere", "marts")
MODELS = ("a", "b", "c", "d", "e", "slow", "steps")
AnyLab = TypeVar("AnyLab", bound="Lab")
SWITCHES = {"a": "1", "b": "1", "d": "1", "slow": "0"}


@dataclass
class Lab(Stack):
    """A stack with the lab's project."""

    def open(self, project: Path) -> None:
        """Start it on the lab's project."""
        tables = (
            "create schema if not exists raw.lab",
            "create or replace table raw.lab.switches (name varchar, value varchar)",
            "create or replace table raw.lab.builds (model varchar, phase varchar, at timestamp)",
            "create or replace table raw.lab.things as select 'thing' as name",
            "create or replace table raw.lab.numbers as select row_number() over (order by seq4()) as n "
            "from table(generator(rowcount => 4000))",
        )
        self.open_lab(project, tables, DAGS)
        self.switch()

    @property
    def mode(self) -> str:
        return self.values["BACKBEAT_TRANSFORM_MODE"]

    def switch(self, **changes: str | None) -> None:
        """Set the switches to what makes everything good, but for these; None is NULL."""
        rows = ", ".join(
            f"('{name}', {'null' if value is None else repr(value)})" for name, value in {**SWITCHES, **changes}.items()
        )
        self.query("delete from raw.lab.switches")
        self.query(f"insert into raw.lab.switches values {rows}")

    def begin(self, dag_id: str = "lab", **params: Any) -> str:
        """Trigger a run; its id."""
        body = {"logical_date": None, "conf": params}
        return str(self.api.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def finish(self, run_id: str, dag_id: str = "lab") -> dict[str, str]:
        """Wait for the run's end; the states of its models."""
        self.wait(dag_id, run_id, seconds=150)
        return self.states(run_id, dag_id)

    def states(self, run_id: str, dag_id: str = "lab") -> dict[str, str]:
        """The state of each model: that of its task, or where it has two the worse of the two."""
        found: dict[str, list[str]] = {}
        for task in self.api.tasks(dag_id, run_id):
            name = task["task_id"].removeprefix("transform.").partition(".")[0].removesuffix("_run")
            found.setdefault(name, []).append(str(task["state"]))
        return {name: max(states, key=_badness) for name, states in found.items() if not name.startswith("dbt_")}

    def clear(self, run_id: str, *task_ids: str, dag_id: str = "lab", downstream: bool = False) -> None:
        """Clear tasks of a run, or all of it."""
        body: dict[str, Any] = {"dry_run": False, "dag_run_id": run_id, "only_failed": False, "only_running": False}
        if task_ids:
            body |= {"task_ids": list(task_ids), "include_downstream": downstream, "include_upstream": False}
        self.api.call("POST", f"/dags/{dag_id}/clearTaskInstances", json={**body, "reset_dag_runs": True})

    def task(self, run_id: str, model: str, dag_id: str = "lab") -> dict[str, Any]:
        # Cosmos's own modes give a model with tests a group, and one without a suffix.
        names = {f"transform.{model}", f"transform.{model}.run", f"transform.{model}_run"}
        return next(task for task in self.api.tasks(dag_id, run_id) if task["task_id"] in names)

    def log(self, run_id: str, model: str, attempt: int = 1, dag_id: str = "lab") -> str:
        """The log of a model's task as the web UI shows it."""
        task_id = self.task(run_id, model, dag_id)["task_id"]
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}/logs/{attempt}"
        lines = self.api.call("GET", path, params={"full_content": "true"})["content"]
        return "\n".join(f"{line.get('level', '')} {line['event']}" for line in lines)

    def builds(self) -> Counter[str]:
        """How often each model was built to its end since forget_builds()."""
        return Counter(name.lower() for (name,) in self.query("select model from raw.lab.builds where phase = 'done'"))

    def overlaps(self) -> list[str]:
        """Models that two builds were at work on at once: both have ended, and none has begun between the two ends.

        (A build that was killed has begun and not ended.)
        """
        last: dict[str, str] = {}
        found = []
        for name, phase in self.query("select model, phase from raw.lab.builds order by at"):
            if phase == "done" and last.get(name) == "done":
                found.append(str(name).lower())
            last[name] = phase
        return found

    def forget_builds(self) -> None:
        self.query("delete from raw.lab.builds")

    def asset_events(self, run_id: str, dag_id: str = "lab") -> list[dict[str, Any]]:
        """The asset events that a run's tasks have emitted."""
        params = {"source_dag_id": dag_id, "source_run_id": run_id, "limit": 100}
        return list(self.api.call("GET", "/assets/events", params=params)["asset_events"])

    def processes(self, *words: str) -> list[psutil.Process]:
        """The stack's processes whose command line or title has all the words, oldest first."""
        found = []
        for process in psutil.process_iter():
            try:
                mine = process.environ().get(OWNER_VARIABLE) == str(self.state) or self._child_of_ours(process)
                if mine and all(word in " ".join(process.cmdline()) for word in words):
                    found.append(process)
            except psutil.Error:
                continue
        return sorted(found, key=lambda process: process.create_time())

    def _child_of_ours(self, process: psutil.Process) -> bool:
        """Airflow's processes overwrite their environment with their title; their ancestors' tells."""
        return any(f"{self.state}" in " ".join(parent.cmdline()) for parent in process.parents())

    def kill(self, *words: str) -> int:
        """kill -9 all processes with these words; how many there were."""
        victims = self.processes(*words)
        for victim in victims:
            try:
                os.kill(victim.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return len(victims)

    def api_answers(self) -> bool:
        try:
            return bool(self.api.latest_run("lab"))
        except (httpx.HTTPError, StackError):
            return False

    def wait_for_model(self, run_id: str, model: str, state: str, dag_id: str = "lab", seconds: float = 60) -> None:
        wait_for(lambda: self.task(run_id, model, dag_id)["state"] == state, f"{model} to be {state}", seconds)


_ORDER = ("success", "skipped", "None", "scheduled", "queued", "running", "up_for_retry", "upstream_failed", "failed")


def _badness(state: str) -> int:
    return _ORDER.index(state) if state in _ORDER else len(_ORDER)


@contextmanager
def opened(kind: type[AnyLab], project: Path, variable: str, **settings: str) -> Iterator[AnyLab]:
    """A running lab of that kind, on a copy of the project, stopped at the end.

    The variable of the environment may name a lab that an earlier session left running, to try a test again and again.
    """
    if folder := os.environ.get(variable):
        yield kind(Path(folder) / "state", dotenv.read(Path(folder) / "env"))
        return
    running = kind.prepare(**settings)
    copy = running.state.parent / "lab"
    shutil.copytree(project, copy)
    shutil.copy(ROOT / "dbt" / "profiles.yml", copy / "dbt")
    try:
        running.open(copy)
        yield running
    finally:
        running.end()
