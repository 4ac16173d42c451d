"""`make bench-callbacks`: what a task pays for telling the firehose of its end, healthy and with the outbox away.

Each call is made in a process of its own, forked from one that has imported what a worker has imported, as a task makes
it: one callback in its life, with the connection still to be made. Black-holed means that the database takes the
connection and never answers, as behind a broken firewall; a Slack that is away costs a task nothing, because no task
ever calls it. Prints milliseconds and writes them as JSON for docs/performance.md.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench.machine import machine
from include.firehose import database
from tests.standins import ROOT, start

RESULTS = ROOT / "bench" / "results" / "callbacks.json"
HEALTHY, BLACK_HOLED = 500, 30


def _context(number: int) -> dict[str, Any]:
    """What Airflow hands a callback, down to what is read of it."""
    now = datetime.now(UTC)
    run = SimpleNamespace(run_type="scheduled", run_after=now, start_date=now, clear_number=0, consumed_asset_events=())
    ti = SimpleNamespace(
        dag_id="bench",
        run_id="run",
        task_id=f"task_{number}",
        map_index=-1,
        try_number=1,
        max_tries=0,
        start_date=now - timedelta(seconds=5),
        end_date=now,
    )
    task = SimpleNamespace(task_type="PythonOperator", owner="data")
    return {"ti": ti, "task": task, "dag_run": run, "run_id": "run", "dag": SimpleNamespace(dag_id="bench")}


def _call(number: int, results: Any) -> None:
    from include.firehose import callbacks

    began = time.perf_counter()
    callbacks.task_success(_context(number))
    results.put(1000 * (time.perf_counter() - began))


def measure(calls: int) -> list[float]:
    """Milliseconds of each call, in ascending order."""
    context = multiprocessing.get_context("fork")
    found = []
    for number in range(calls):
        results = context.SimpleQueue()
        process = context.Process(target=_call, args=(number, results))
        process.start()
        found.append(float(results.get()))
        process.join()
    return sorted(found)


def _figures(milliseconds: list[float]) -> dict[str, float]:
    last = milliseconds[min(len(milliseconds) - 1, int(0.99 * len(milliseconds)))]
    figures = {"calls": len(milliseconds), "median": statistics.median(milliseconds), "p99": last}
    return {name: round(value, 1) for name, value in (figures | {"max": milliseconds[-1]}).items()}


def main() -> None:
    """Measure both cases, print them and write them down."""
    # What every task process has imported before its first callback.
    import airflow.sdk  # noqa: F401
    import psycopg2  # noqa: F401

    import include.firehose.callbacks  # noqa: F401

    postgres = start("postgres")
    found: dict[str, Any] = {"machine": machine()}
    try:
        with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as hole:
            os.environ["FIREHOSE_SPOOL"] = str(Path(folder) / "spool.jsonl")
            dsn = postgres.dsn("firehose").replace("postgresql://", "postgresql+psycopg://")
            outbox = database.engine(dsn)
            database.migrate(outbox)
            outbox.dispose()
            os.environ["FIREHOSE_DSN"] = dsn
            found["healthy"] = _figures(measure(HEALTHY))
            os.environ["FIREHOSE_DSN"] = f"postgresql+psycopg://x:x@127.0.0.1:{hole.getsockname()[1]}/firehose"
            found["black-holed"] = _figures(measure(BLACK_HOLED))
    finally:
        postgres.stop()
    for name in ("healthy", "black-holed"):
        print(f"{name}: {found[name]} ms")
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
