"""`make bench-meta-page`: how long the meta layer's page takes when every answer has 10,000 rows.

Over HTTP, from a server in a thread of this process, without Airflow's login (a millisecond). Reading the answers is
no part of it: that happens behind the reader's back, and is measured apart (`reckoned`: what it works out for all
looks). Prints milliseconds and writes them as JSON for docs/performance.md.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from bench.machine import machine
from include.metalayer.entry import Entry
from include.metalayer.query import load, questions
from plugins.meta_layer_page import access, reading
from plugins.meta_layer_page.app import application
from plugins.meta_layer_page.shelf import Shelf
from tests.browser.samples import answer, made_up
from tests.standins import ROOT, free_port

RESULTS = ROOT / "bench" / "results" / "meta_page.json"
ROWS, TIMES = 10_000, 20
PATHS = {
    "first screen": "/meta-layer/",
    "question": "/meta-layer/questions/unused_tables",
    "question, sorted, last page": "/meta-layer/questions/storage?sort=-total_bytes&page=100",
    "file": "/meta-layer/questions/failures.csv",
}


def entries() -> dict[str, Entry]:
    """Every question, answered now and the week before."""
    now = datetime.now(UTC)
    found = {}
    for query in questions(load()):
        newest, before = (
            answer(query, at, made_up(query, at, count))
            for at, count in ((now, ROWS), (now - timedelta(days=7), ROWS - 10))
        )
        found[query.name] = Entry(query=query, asked=newest, answer=newest, before=before)
    return found


def measure(client: httpx.Client, path: str) -> float:
    """Milliseconds of one look."""
    began = time.perf_counter()
    client.get(path).raise_for_status()
    return 1000 * (time.perf_counter() - began)


def main() -> None:
    """Measure, print and write down."""
    known = entries()
    began = time.perf_counter()
    content = reading.content(datetime.now(UTC), known)
    reckoned = round(1000 * (time.perf_counter() - began))
    page = application(Shelf(lambda: content))
    page.dependency_overrides = {access.may_read: lambda: None, access.can_ask: lambda: True}
    app = Starlette(routes=[Mount("/meta-layer", page)])
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    found: dict[str, Any] = {"machine": machine(), "rows": ROWS, "questions": len(known), "reckoned": reckoned}
    try:
        while not server.started:
            time.sleep(0.05)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, trust_env=False) as client:
            for name, path in PATHS.items():
                first = measure(client, path)
                later = sorted(measure(client, path) for _ in range(TIMES))
                figures = {"first": first, "median": statistics.median(later), "max": later[-1]}
                found[name] = {key: round(value) for key, value in figures.items()}
                print(f"{name}: {found[name]} ms")
    finally:
        server.should_exit = True
        thread.join()
    RESULTS.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
