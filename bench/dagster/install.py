"""Dagster in a virtual environment of its own, made when the benchmark first asks for it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from bench.project import Project
from tests.integration.stack import Stack
from tests.standins import ROOT

HERE = Path(__file__).parent
ENVIRONMENT = ROOT / ".venvs" / "dagster"
UV = ROOT / ".venvs" / "uv" / "bin" / "uv"


def install() -> Path:
    """Make the environment unless it is there; its Python."""
    python = ENVIRONMENT / "bin" / "python"
    if not (ENVIRONMENT / "bin" / "dagster").exists():
        subprocess.run([str(UV), "venv", "--quiet", "--python", "3.11", str(ENVIRONMENT)], check=True)
        command = [str(UV), "pip", "install", "--quiet", "--python", str(python)]
        subprocess.run([*command, "--requirement", str(HERE / "requirements.txt")], check=True)
    return python


def execute(stack: Stack, project: Project) -> float:
    """Seconds of `dagster job execute` of the whole project."""
    python = install()
    environment = stack.environment()
    folders = {"DAGSTER_HOME": str(project.folder / "dagster"), "DBT_PROJECT_DIR": str(project.dbt)}
    manifest = {"BENCH_MANIFEST": str(project.dbt / "manifest" / "manifest.json"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    path = {"PATH": f"{ENVIRONMENT / 'bin'}:{environment['PATH']}", "PYTHONPATH": ""}
    home = project.folder / "dagster"
    home.mkdir(exist_ok=True)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    command = [str(python.with_name("dagster")), "job", "execute", "-f", str(HERE / "definitions.py"), "-j", "build"]
    began = time.monotonic()
    result = subprocess.run(
        command,
        env={**environment, **folders, **manifest, **path},
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if result.returncode:
        raise SystemExit(f"Dagster's run failed:\n{result.stdout[-3000:]}")
    return time.monotonic() - began
