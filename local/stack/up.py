"""`make up`: from a fresh clone, or from a stack that half runs, to finished pipelines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx
from rich.console import Console

from local.stack import warehouse
from local.stack.airflow_api import AirflowApi
from local.stack.errors import StackError
from local.stack.first_run import FirstRun
from local.stack.health import check_ports, wait_until_ready
from local.stack.layout import LOGS, MARTS, META_LAYER, PIPELINES, ROOT, STATE, Layout
from local.stack.steps import Step, closure, run_all
from local.stack.summary import show_summary
from local.stack.supervisor import Supervisor, end, orphans, write_configuration

EVERYTHING = ("dags", "scheduler", "triggerer", "provision", "firehose", "firehose-watch", "roles")


def write_history_start(layout: Layout) -> None:
    """Write down where the shop platform's history begins, for the declarations of Airbyte's sources."""
    clock = httpx.get(f"{layout.world_url}/_local/clock", timeout=30, trust_env=False).json()
    start = datetime.fromisoformat(clock["history_start"]).astimezone(UTC)
    (STATE / "history").write_text(f"{start:%Y-%m-%dT%H:%M:%SZ}")


class Start:
    """One start of the stack."""

    def __init__(self, layout: Layout, console: Console) -> None:
        self.layout = layout
        self.console = console
        self.supervisor = Supervisor(layout)
        self.api = AirflowApi(layout.airflow_url, layout.values["AIRFLOW_ADMIN_PASSWORD"])

    def start(self, *names: str) -> None:
        """Start what does not run yet: everything, or the named steps and what they need.

        Raises StackError when something cannot start; then everything that was started is stopped again.
        """
        if self.supervisor.running():
            self.supervisor.boot()
        else:
            end(orphans())
            check_ports(self.layout)
            write_configuration(self.layout)
        self._write_passwords()
        try:
            self.supervisor.boot()
            steps = self._steps()
            run_all(closure(steps, names) if names else steps, self._report)
        except BaseException:
            self.console.print("Stopping what was started.")
            self.supervisor.stop_all()
            end(orphans())
            raise

    def _report(self, title: str, seconds: float) -> None:
        if seconds >= 0.5:
            self.console.print(f"  {title} ({seconds:.1f} s)", highlight=False)

    def _write_passwords(self) -> None:
        path = STATE / "airflow" / "passwords.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({"admin": self.layout.values["AIRFLOW_ADMIN_PASSWORD"]}))

    def _steps(self) -> dict[str, Step]:
        def run(name: str, *needs: str) -> Step:
            program = self.layout.programs[name]

            def action() -> None:
                self.supervisor.start(name)
                wait_until_ready(self.supervisor, program)

            return Step(program.title, action, needs)

        python = str(ROOT / ".venv" / "bin" / "python")
        standin = str(ROOT / ".venvs" / "warehouse" / "bin" / "python")
        certificates = [standin, "-m", "local.warehouse", "init", "--data-dir", str(STATE / "warehouse")]
        return {
            "certificates": Step("certificates", lambda: self._command(certificates)),
            "postgres": run("postgres", "certificates"),
            "slack": run("slack", "certificates"),
            "warehouse": run("warehouse", "certificates"),
            "world": run("world", "postgres"),
            "airbyte": run("airbyte", "certificates"),
            "roles": Step("warehouse roles and databases", lambda: warehouse.bootstrap(self.layout), ("warehouse",)),
            "manifest": Step(
                "dbt manifest", lambda: self._command([python, "-m", "include.transform.manifest"]), ("certificates",)
            ),
            "provision": Step(
                "Airbyte sources, destination and connections",
                lambda: self._provision([python, "-m", "include.airbyte.provision"]),
                ("airbyte", "world", "roles"),
            ),
            "outbox": Step(
                "firehose outbox", lambda: self._command([python, "-m", "include.firehose", "migrate"]), ("postgres",)
            ),
            "metadata": Step("Airflow metadata database", self._migrate_airflow, ("postgres",)),
            "firehose": run("firehose", "outbox", "slack"),
            "firehose-watch": run("firehose-watch", "outbox", "api-server"),
            "api-server": run("api-server", "metadata"),
            "dag-processor": run("dag-processor", "metadata", "manifest"),
            "scheduler": run("scheduler", "metadata"),
            "triggerer": run("triggerer", "metadata"),
            "dags": Step("DAGs", self._open_dags, ("api-server", "dag-processor")),
            "ready": Step("everything ready", lambda: None, EVERYTHING),
        }

    def _command(self, command: list[str]) -> None:
        """Run one command to its end with the stack's environment; its output goes to the log of its name."""
        log = LOGS / "setup.log"
        result = subprocess.run(
            command,
            cwd=ROOT,
            env=self._child_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        with log.open("a") as file:
            file.write(f"$ {' '.join(command)}\n{result.stdout}")
        if result.returncode:
            name = " ".join(Path(part).name for part in command[:4])
            raise StackError(f"`{name}` failed (all of it in {log}):\n{result.stdout.strip()[-1500:]}")

    def _child_environment(self) -> dict[str, str]:
        return {**os.environ, **self.layout.environment, **self.layout.history}

    def _provision(self, command: list[str]) -> None:
        """Make Airbyte equal to the declarations, which begin where the shop platform's history does."""
        write_history_start(self.layout)
        self._command(command)

    def _migrate_airflow(self) -> None:
        """Bring the metadata database to this Airflow's schema; a marker saves the 10 s that finding it done takes."""
        marker = STATE / "airflow" / "migrated"
        wanted = version("apache-airflow-core")
        if marker.exists() and marker.read_text() == wanted:
            return
        self._command([str(ROOT / ".venv" / "bin" / "airflow"), "db", "migrate"])
        marker.write_text(wanted)

    def _open_dags(self) -> None:
        self.api.ensure_pools()
        self.api.wait_for_dags([*PIPELINES, MARTS, *META_LAYER])


def start(layout: Layout, console: Console, names: list[str]) -> int:
    """Start the named parts of the stack and what they need; no pipeline is run. Returns the exit code."""
    Start(layout, console).start(*names)
    return 0


def up(layout: Layout, console: Console) -> int:
    """Start everything, run the pipelines if they never ran, and say what there is. Returns the exit code."""
    began = time.monotonic()
    start = Start(layout, console)
    console.print("Starting the stack ...")
    start.start()
    console.print(f"The stack runs after {time.monotonic() - began:.0f} s.", highlight=False)
    return run_pipelines(start.api, layout, console, began)


def first_run_in_containers(layout: Layout, console: Console) -> int:
    """What is left to do once all containers run: roles, Airbyte, the pipelines. Returns the exit code."""
    began = time.monotonic()
    warehouse.bootstrap(layout)
    write_history_start(layout)
    provision = [sys.executable, "-m", "include.airbyte.provision"]
    if subprocess.run(provision, cwd=ROOT, env={**os.environ, **layout.history}).returncode:
        raise StackError("Airbyte could not be made equal to include/sources; the lines above say why.")
    api = AirflowApi(layout.airflow_url, layout.values["AIRFLOW_ADMIN_PASSWORD"])
    api.wait_for_dags([*PIPELINES, MARTS, *META_LAYER])
    return run_pipelines(api, layout, console, began)


def run_pipelines(api: AirflowApi, layout: Layout, console: Console, began: float) -> int:
    """Run the pipelines if they never ran, let all DAGs run, and say what there is. Returns the exit code."""
    first_run = FirstRun(api, console)
    failure: StackError | None = None
    needed = first_run.needed()
    if needed:
        first_run.trigger()
    for dag_id in (*PIPELINES, MARTS):
        api.unpause(dag_id)
    if needed:
        console.print("Running every pipeline once ...")
        try:
            first_run.follow()
        except StackError as error:
            failure = error
    # Each asks at once what its last time would have asked, so that its page has answers: after the pipelines, of which
    # it tells, and not beside them.
    for dag_id in META_LAYER:
        api.unpause(dag_id)
    show_summary(layout, console, time.monotonic() - began)
    if failure is not None:
        print(str(failure), file=sys.stderr)
        return 1
    return 0
