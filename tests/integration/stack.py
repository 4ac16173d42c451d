"""A whole stack for tests: its own ports, its own state, started by the same command as `make up`."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from local.stack import dotenv
from local.stack.airflow_api import AirflowApi
from local.stack.layout import Layout
from tests.standins import ROOT, free_port

PORTS = ("AIRFLOW_PORT", "SLACK_PORT", "AIRBYTE_PORT", "WAREHOUSE_PORT", "WORLD_PORT", "POSTGRES_PORT")
HOURLY = ("storefront_hourly", "payments_hourly", "product_analytics_hourly")
MARTS = "business_marts"
RUN_SECONDS = 300
LAB_PARTS = ("roles", "firehose", "firehose-watch", "api-server", "dag-processor", "scheduler", "triggerer")


@dataclass
class Stack:
    """A stack that a test may start, stop, break and ask."""

    state: Path
    values: dict[str, str]

    @classmethod
    def prepare(cls, **settings: str) -> Stack:
        """Settings with free ports in a new folder; nothing is started."""
        folder = Path(tempfile.mkdtemp(prefix="backbeat-stack-"))
        path = folder / "env"
        ports = {name: str(free_port()) for name in PORTS}
        path.write_text("".join(f"{key}={value}\n" for key, value in {**ports, **settings}.items()))
        return cls(folder / "state", dotenv.write_missing(path))

    @property
    def env_file(self) -> Path:
        return self.state.parent / "env"

    @property
    def layout(self) -> Layout:
        return Layout(self.values)

    @property
    def api(self) -> AirflowApi:
        return AirflowApi(self.layout.airflow_url, self.values["AIRFLOW_ADMIN_PASSWORD"])

    def command(self, verb: str, *names: str, seconds: float = 900) -> subprocess.CompletedProcess[str]:
        """Run a verb of the stack as `make` does; the answer with its output."""
        environment = {**os.environ, "BACKBEAT_STATE": str(self.state), "BACKBEAT_ENV_FILE": str(self.env_file)}
        # The test session's Airflow settings are not the stack's.
        environment = {key: value for key, value in environment.items() if not key.startswith("AIRFLOW")}
        command = [str(ROOT / ".venv/bin/python"), "-m", "local.stack", verb, *names]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds)

    def open_lab(self, folder: Path, prepare: Iterable[str], dag_ids: Iterable[str]) -> None:
        """Start Airflow, the warehouse and Slack on the dbt project and the DAGs in `folder`; no syncs, no shop.

        `prepare`: SQL that makes the tables the project reads.
        """
        with self.env_file.open("a") as file:
            file.write(f"DBT_PROJECT_DIR={folder / 'dbt'}\nDAGS_FOLDER={folder / 'dags'}\n")
        self.values.update(dotenv.read(self.env_file))
        result = self.command("start", *LAB_PARTS)
        assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        for statement in prepare:
            self.query(statement)
        self.api.ensure_pools()
        self.api.wait_for_dags(list(dag_ids))
        for dag_id in dag_ids:
            self.api.unpause(dag_id)

    def environment(self) -> dict[str, str]:
        """The stack's environment for a program of the test's own. The state folder in it is this stack's."""
        lines = self.command("environment").stdout.splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines)
        return {**os.environ, **{key: value.strip("'") for key, _, value in pairs}}

    def query(self, sql: str, role: str = "SYSADMIN") -> list[tuple[Any, ...]]:
        """Rows of a query, over the unmodified Snowflake connector."""
        import snowflake.connector

        bundle = str(self.state / "warehouse" / "tls" / "bundle.pem")
        os.environ["REQUESTS_CA_BUNDLE"] = os.environ["SSL_CERT_FILE"] = bundle
        connection = snowflake.connector.connect(
            account="local",
            host="127.0.0.1",
            port=self.layout.port("WAREHOUSE_PORT"),
            user="test",
            password="test",
            role=role,
        )
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def clock(self, **change: Any) -> dict[str, Any]:
        """The shop platform's clock, after a change if one is given."""
        url = f"{self.layout.world_url}/_local/clock"
        answer = httpx.post(url, json=change, timeout=120) if change else httpx.get(url, timeout=30)
        answer.raise_for_status()
        return dict(answer.json())

    def expected(self, by: str) -> list[dict[str, str]]:
        """What the package's own data says was sold until now, independently of the database and of Airbyte."""
        python = ROOT / ".venvs" / "world" / "bin" / "python"
        now = self.clock()["now"]
        command = [str(python), "-m", "local.world", "expected", "--by", by, "--until", now]
        command += ["--dsn", self.layout.postgres_dsn("storefront")]
        output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        return list(csv.DictReader(io.StringIO(output)))

    def run(self, dag_id: str, **params: Any) -> dict[str, Any]:
        """Trigger a DAG and return its run when it is over."""
        body = {"logical_date": None, "conf": params}
        run_id = self.api.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"]
        return self.wait(dag_id, run_id)

    def wait(self, dag_id: str, run_id: str, seconds: float = RUN_SECONDS) -> dict[str, Any]:
        def finished() -> dict[str, Any] | None:
            run = self.api.run(dag_id, run_id)
            return run if run["state"] in ("success", "failed") else None

        return wait_for(finished, f"{dag_id} {run_id} to end", seconds)

    def run_everything(self) -> None:
        """Run the hourly DAGs at once and wait for the marts that they start; all must be green."""
        runs = {}
        before = self.api.latest_run(MARTS)
        for dag_id in HOURLY:
            body = {"logical_date": None}
            runs[dag_id] = self.api.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"]
        for dag_id, run_id in runs.items():
            state = self.wait(dag_id, run_id)["state"]
            assert state == "success", self.failures(dag_id, run_id)

        def started() -> dict[str, Any] | None:
            run = self.api.latest_run(MARTS)
            return run if run and (before is None or run["dag_run_id"] != before["dag_run_id"]) else None

        marts = wait_for(started, f"{MARTS} to start")
        state = self.wait(MARTS, marts["dag_run_id"])["state"]
        assert state == "success", self.failures(MARTS, marts["dag_run_id"])

    def failures(self, dag_id: str, run_id: str) -> str:
        """The failed tasks of a run, for the message of an assertion."""
        failed = [task["task_id"] for task in self.api.tasks(dag_id, run_id) if task["state"] == "failed"]
        return f"{dag_id} {run_id} failed: {failed}; logs in {self.state / 'logs'}"

    def end(self) -> None:
        """Stop it at once, whatever it is doing. PostgreSQL is asked: killed it would leave shared memory behind."""
        session = self._session
        ours = [process for process in psutil.process_iter(["name"]) if _session_of(process) == session]
        # The manager first: it would start the others again.
        for process in sorted(ours, key=lambda process: process.info["name"] != "supervisord"):
            if "postgres" not in (process.info["name"] or ""):
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
        self.command("down")

    @property
    def _session(self) -> int:
        """The session of the stack's processes (local/stack/supervisor.py); none when it never started."""
        try:
            return int((self.state / "session").read_text().split()[0])
        except FileNotFoundError:
            return -1


def _session_of(process: psutil.Process) -> int:
    with contextlib.suppress(OSError):
        return os.getsid(process.pid)
    return 0


def wait_for(question: Callable[[], Any], what: str, seconds: float = RUN_SECONDS, pause: float = 1) -> Any:
    """The first true answer to a question that is asked with a pause of so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(pause)
    raise AssertionError(f"Waited {seconds:.0f} s in vain for {what}.")


@contextmanager
def running_stack(**settings: str) -> Iterator[Stack]:
    """A stack that has run every pipeline once, stopped at the end."""
    stack = Stack.prepare(**settings)
    try:
        result = stack.command("up")
        assert result.returncode == 0, f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
        yield stack
    finally:
        stack.end()
