"""Dagster in a virtual environment of its own, made when the benchmark first asks for it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.project import Project
from tests.integration.stack import Stack, wait_for
from tests.standins import ROOT, free_port

HERE = Path(__file__).parent
DEFINITIONS = HERE / "definitions.py"
ENVIRONMENT = ROOT / ".venvs" / "dagster"
UV = ROOT / ".venvs" / "uv" / "bin" / "uv"
SECONDS = 1800.0
# A repository and its location as Dagster names them when it is given a file.
PLACE = {"repositoryName": "__repository__", "repositoryLocationName": "definitions.py", "jobName": "build"}
LAUNCH = """mutation($place: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $place}) { __typename ... on LaunchRunSuccess { run { runId } } }
}"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


def install() -> None:
    """Make the environment, or bring it up to the pinned versions."""
    requirements = HERE / "requirements.txt"
    marker = ENVIRONMENT / "requirements.txt"
    if marker.exists() and marker.read_text() == requirements.read_text():
        return
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        subprocess.run([str(UV), "venv", "--quiet", "--python", "3.11", str(ENVIRONMENT)], check=True)
    command = [str(UV), "pip", "install", "--quiet", "--python", str(python)]
    subprocess.run([*command, "--requirement", str(requirements)], check=True)
    marker.write_text(requirements.read_text())


def _environment(stack: Stack, project: Project) -> dict[str, str]:
    home = project.folder / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    environment = stack.environment()
    return environment | {
        "DAGSTER_HOME": str(home),
        "DBT_PROJECT_DIR": str(project.dbt),
        "BENCH_MANIFEST": str(project.dbt / "manifest" / "manifest.json"),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        "PATH": f"{ENVIRONMENT / 'bin'}:{environment['PATH']}",
        "PYTHONPATH": "",
    }


def execute(stack: Stack, project: Project) -> float:
    """Seconds of `dagster job execute` of the whole project."""
    install()
    command = [str(ENVIRONMENT / "bin" / "dagster"), "job", "execute", "-f", str(DEFINITIONS), "-j", "build"]
    began = time.monotonic()
    result = subprocess.run(
        command,
        env=_environment(stack, project),
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise SystemExit(f"Dagster's run failed:\n{result.stdout[-3000:]}")
    return time.monotonic() - began


@dataclass(frozen=True)
class Instance:
    """A running Dagster: webserver and daemon, with the default storage and run launcher."""

    url: str

    def run(self) -> float:
        """Seconds from the launch over the API, as its UI does it, to the run's end."""
        began = time.monotonic()
        launched = self._ask(LAUNCH, place=PLACE)["launchRun"]
        if launched["__typename"] != "LaunchRunSuccess":
            raise SystemExit(f"Dagster did not launch the run: {launched}")
        run_id = launched["run"]["runId"]
        while time.monotonic() - began < SECONDS:
            status = self._ask(STATUS, id=run_id)["runOrError"]["status"]
            if status == "SUCCESS":
                return time.monotonic() - began
            if status in ("FAILURE", "CANCELED"):
                raise SystemExit(f"Dagster's run ended as {status}.")
            time.sleep(0.2)
        raise SystemExit("Dagster's run did not end.")

    def answers(self) -> bool:
        """Whether the webserver has loaded the definitions."""
        with suppress(httpx.HTTPError, KeyError):
            return bool(httpx.get(f"{self.url}/server_info", timeout=5, trust_env=False).json()["dagster_version"])
        return False

    def _ask(self, query: str, **variables: Any) -> dict[str, Any]:
        body = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.url}/graphql", json=body, timeout=60, trust_env=False).json()
        if "errors" in answer:
            raise SystemExit(f"Dagster's API: {answer['errors']}")
        return dict(answer["data"])


@contextmanager
def instance(stack: Stack, project: Project) -> Iterator[Instance]:
    """A running instance with the project's definitions, stopped at the end."""
    install()
    port = str(free_port())
    programs = (
        ["dagster-webserver", "-h", "127.0.0.1", "-p", port, "-f", str(DEFINITIONS)],
        ["dagster-daemon", "run", "-f", str(DEFINITIONS)],
    )
    environment = _environment(stack, project)
    with open(os.devnull, "w") as nowhere:
        started = [
            subprocess.Popen(
                [str(ENVIRONMENT / "bin" / program), *options],
                env=environment,
                cwd=project.folder,
                stdout=nowhere,
                stderr=nowhere,
            )
            for program, *options in programs
        ]
        try:
            running = Instance(f"http://127.0.0.1:{port}")
            wait_for(running.answers, "Dagster's webserver to answer", 180)
            yield running
        finally:
            for process in started:
                process.terminate()
            for process in started:
                process.wait(60)
