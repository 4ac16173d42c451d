"""`make bench-orchestration`: what a pipeline costs beside its dbt, at three sizes, against what else there is.

One machine, one warehouse, in turn, several rounds: plain `dbt build`; Backbeat from the REST call to the end of the
last task and to its last word in Slack; Cosmos's WATCHER and LOCAL; Dagster. Prints medians, ratios, and where the time
went, and writes them as JSON for docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from bench import report
from bench.dagster import runner as dagster
from bench.machine import machine
from bench.project import Project, generate
from tests.integration.stack import Stack, wait_for
from tests.standins import ROOT

# Beyond these sizes a round of that mode takes more than a quarter of an hour.
LARGEST = {"watcher": 31, "local": 31}
# From this size on one round takes minutes, and there is one less.
MANY = 1000
OURS = "build"
SECONDS = 1800.0


@dataclass
class Round:
    """Seconds of one run; `programs` has the CPU-seconds of Airflow, PostgreSQL and the firehose, dbt left out."""

    wall: float
    slack: float | None = None
    programs: dict[str, float] = field(default_factory=dict)
    phases: dict[str, float] = field(default_factory=dict)


@contextmanager
def running(project: Project, mode: str) -> Iterator[Stack]:
    """A stack that has the project's DAGs, in one transform mode."""
    stack = Stack.prepare(BACKBEAT_TRANSFORM_MODE=mode)
    schemas = [f"create schema if not exists raw.{source}" for source in project.sources]
    tables = [f"create or replace table raw.{source}.rows as select 1 as id" for source in project.sources]
    try:
        stack.open_lab(project.folder, [*schemas, *tables], sorted({*project.source_dags, project.last_dag}))
        yield stack
    finally:
        stack.command("down")
        shutil.rmtree(stack.state.parent, ignore_errors=True)


def dbt_build(stack: Stack, project: Project) -> Round:
    """Plain `dbt build` of the whole project, with everything that makes it start fast."""
    target = project.folder / "target"
    command = [str(ROOT / ".venv/bin/dbt"), "--quiet", "build", "--project-dir", str(project.dbt)]
    command += ["--profiles-dir", str(project.dbt), "--target-path", str(target), "--log-path", str(target)]
    command += ["--cache-selected-only", "--no-write-json"]
    began = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=stack.environment(), check=True)
    return Round(time.monotonic() - began)


def pipeline(stack: Stack, project: Project) -> Round:
    """From the REST call to the end of the last DAG run, and until Slack has heard of it."""
    # One client: each has to log in.
    api = stack.api
    last = api.latest_run(project.last_dag)
    before = cpu(stack)
    began = time.time()
    runs = {}
    for dag_id in project.source_dags:
        body = {"logical_date": None}
        runs[dag_id] = api.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"]

    def over() -> dict[str, Any] | None:
        run = api.latest_run(project.last_dag)
        new = run is not None and (last is None or run["dag_run_id"] != last["dag_run_id"])
        return run if new and run is not None and run["state"] in ("success", "failed") else None

    # Each look costs the API server a tenth of a second, which would be a part of what is measured.
    end = wait_for(over, f"{project.last_dag} to end", SECONDS, pause=3)
    assert end["state"] == "success", stack.failures(project.last_dag, end["dag_run_id"])
    told = _told(stack, project.last_dag)
    wait_for(told, f"Slack to hear of {project.last_dag}", 120)
    slack = time.time() - began
    runs[project.last_dag] = end["dag_run_id"]
    tasks = [task for dag_id, run_id in runs.items() for task in api.tasks(dag_id, run_id)]
    return Round(
        wall=datetime.fromisoformat(end["end_date"]).timestamp() - began,
        slack=slack,
        programs={name: used - before.get(name, 0.0) for name, used in orchestrator(cpu(stack)).items()},
        phases=_phases(began, tasks, end),
    )


def _told(stack: Stack, dag_id: str) -> Callable[[], bool]:
    from slack_sdk import WebClient

    client = WebClient(token=stack.values["SLACK_BOT_TOKEN"], base_url=f"{stack.layout.slack_url}/api/")

    def told() -> bool:
        found = client.conversations_history(channel=stack.values["SLACK_CHANNEL"], limit=20)["messages"]
        return any(dag_id in message["text"] and "●" in message["text"] for message in found[:1])

    return told


def _phases(began: float, tasks: list[dict[str, Any]], run: dict[str, Any]) -> dict[str, float]:
    """Where the time went: until a build's task started, until dbt's first model, dbt's models, the rest."""

    def at(value: str) -> float:
        return datetime.fromisoformat(value).timestamp() - began

    done = [task for task in tasks if task["start_date"] and task["end_date"]]
    builds = [task for task in done if task["task_id"].endswith(("dbt_build", "dbt_producer_watcher"))]
    models = [task for task in done if task not in builds]
    if not builds or not models:
        return {}
    points = [
        ("until the build's task runs", min(at(task["start_date"]) for task in builds)),
        ("until dbt's first model", min(at(task["start_date"]) for task in models)),
        ("dbt's models and tests", max(at(task["end_date"]) for task in models)),
        ("until the run is over", at(run["end_date"])),
    ]
    return {name: after - before for (name, after), before in zip(points, [0.0, *(p for _, p in points)], strict=False)}


def _processes(stack: Stack) -> Iterator[tuple[psutil.Process, str]]:
    """The stack's processes and their command lines. Airflow's overwrite their environment: their parents tell."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(stack.state) in " ".join(parent.cmdline()) for parent in process.parents()):
                yield process, " ".join(process.cmdline())


def cpu(stack: Stack) -> dict[str, float]:
    """CPU-seconds so far of each program of the stack that still runs."""
    found: dict[str, float] = {}
    for process, line in _processes(stack):
        with suppress(psutil.Error):
            times = process.cpu_times()
            # Of the DAG processor the children are the work; a worker's are earlier tasks.
            children = times.children_user + times.children_system if "dag-processor" in line else 0.0
            found[_program(line)] = found.get(_program(line), 0.0) + times.user + times.system + children
    return found


def orchestrator(used: dict[str, float]) -> dict[str, float]:
    """Of these programs what is neither dbt nor a stand-in: Airflow but its workers, PostgreSQL, the firehose."""
    return {name: seconds for name, seconds in used.items() if name != "workers" and not name.startswith("local.")}


def memory(stack: Stack) -> dict[str, float]:
    """MB of each program of the stack, shared pages counted once (PSS)."""
    found: dict[str, float] = {}
    for process, line in _processes(stack):
        with suppress(psutil.Error):
            found[_program(line)] = found.get(_program(line), 0.0) + process.memory_full_info().pss / 2**20
    return {name: round(value) for name, value in sorted(found.items())}


def _program(line: str) -> str:
    names = ("api_server", "api-server", "watcher", "scheduler", "dag-processor", "triggerer", "firehose", "postgres")
    for word in (*names, "local.warehouse", "local.slack"):
        if word in line:
            return word.replace("_", "-")
    return "workers" if "airflow worker" in line else "other"


def rest_cpu(stack: Stack, seconds: float = 60.0) -> dict[str, float]:
    """Percent of a core that each program uses while nothing happens."""

    before = cpu(stack)
    time.sleep(seconds)
    after = cpu(stack)
    return {name: round(100 * (after[name] - before.get(name, 0.0)) / seconds, 1) for name in sorted(after)}


def parse_seconds(stack: Stack, project: Project) -> dict[str, float]:
    """How long the DAG processor takes for each DAG's file when somebody has saved it and nothing else happens."""
    began = datetime.now().astimezone()
    for file in (project.folder / "dags").glob("*.py"):
        file.touch()

    def parsed() -> list[dict[str, Any]]:
        dags = stack.api.call("GET", "/dags")["dags"]
        return dags if all(datetime.fromisoformat(dag["last_parsed_time"]) > began for dag in dags) else []

    return {dag["dag_id"]: dag["last_parse_duration"] for dag in wait_for(parsed, "the DAG files to be parsed")}


def measure(nodes: int, rounds: int, modes: list[str], folder: Path) -> dict[str, Any]:
    """All rounds at one size, one mode after the other and plain dbt in between."""
    project = generate(folder / str(nodes), nodes)
    found: dict[str, Any] = {"nodes": nodes, "seconds": {}, "slack": {}, "orchestrator": {}}
    for mode in modes:
        if mode == "dagster" or nodes > LARGEST.get(mode, nodes):
            continue
        with running(project, mode) as stack:
            dbt_build(stack, project)
            if mode == OURS:
                pipeline(stack, project)
            # A round of Cosmos's own modes takes as long as many of the others; each starts its processes cold anyway.
            for number in range(rounds if mode == OURS else 1):
                plain = dbt_build(stack, project)
                _add(found, "dbt build", plain)
                if "dagster" in modes and mode == OURS:
                    _add(found, "dagster job execute", Round(dagster.execute(stack, project)))
                    with dagster.instance(stack, project) as instance:
                        _add(found, "dagster run", Round(instance.run()))
                whole = pipeline(stack, project)
                _add(found, mode, whole)
                found[f"phases of {mode}"] = whole.phases
                found[f"CPU-seconds of {mode}"] = {name: round(used, 1) for name, used in whole.programs.items()}
                said = ", ".join(f"{name} {seconds[-1]:.1f} s" for name, seconds in found["seconds"].items())
                print(f"{nodes} nodes, round {number + 1}: {said}", flush=True)
            found[f"seconds to parse a DAG file, {mode}"] = parse_seconds(stack, project)
            found[f"memory of {mode}, MB"] = memory(stack)
            found[f"percent of a core at rest, {mode}"] = rest_cpu(stack)
    return found


def _add(found: dict[str, Any], name: str, measured: Round) -> None:
    found["seconds"].setdefault(name, []).append(measured.wall)
    if measured.slack is not None:
        found["slack"].setdefault(name, []).append(measured.slack)
    if measured.programs:
        found["orchestrator"].setdefault(name, []).append(sum(measured.programs.values()))


def main() -> None:
    """Measure, print, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, nargs="+", default=[31, 360, 2000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--modes", nargs="+", default=["build", "watcher", "local", "dagster"])
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "results" / "orchestration.json")
    options = parser.parse_args()
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"backbeat-bench-{os.getpid()}"
    folder.mkdir()
    try:
        for nodes in options.nodes:
            rounds = options.rounds if nodes < MANY else max(1, options.rounds - 1)
            found = measure(nodes, rounds, options.modes, folder)
            print("\n" + report.table(found) + "\n", flush=True)
            _write(found, options.output)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(found: dict[str, Any], output: Path) -> None:
    """Put one size's figures in the place of its earlier ones."""
    output.parent.mkdir(exist_ok=True)
    written = json.loads(output.read_text())["sizes"] if output.exists() else []
    sizes = {item["nodes"]: item for item in [*written, found]}
    result = {"machine": machine(), "sizes": [sizes[nodes] for nodes in sorted(sizes)]}
    output.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
