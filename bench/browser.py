"""`make bench-browser`: how soon Airflow's pages show in a browser while 2,000 tasks run on the same machine.

Chromium has the same cores as everything else. A page counts as shown when what a person came for stands in it: the DAG
in the list, the group of the models in the grid, a task in the graph.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from bench.machine import machine
from bench.orchestration import pipeline, running
from bench.project import Project, generate
from tests.integration.stack import Stack, wait_for
from tests.standins import ROOT

NODES = 2000
ROUNDS = 3
RESULTS = ROOT / "bench" / "results" / "browser.json"
PICTURES = {"grid": "airflow-grid-at-2000.png", "graph": "airflow-graph-at-2000.png"}


def look(page: Page, stack: Stack, dag_id: str, graph: bool = True) -> dict[str, float]:
    """Seconds until each page shows; screenshots go to docs/. Without a run there is no graph to wait for."""
    url = stack.layout.airflow_url

    def shown(name: str, address: str, selector: str) -> float:
        began = time.monotonic()
        page.goto(f"{url}{address}")
        page.locator(selector).first.wait_for(timeout=60_000)
        seconds = time.monotonic() - began
        if name in PICTURES:
            # What comes after: lines of the graph, colours of the grid.
            page.wait_for_timeout(1500)
            page.screenshot(path=ROOT / "docs" / PICTURES[name])
        return seconds

    found = {"list of DAGs": shown("list", "/dags", f"text={dag_id}")}
    page.evaluate(f"localStorage.setItem('dag_view-{dag_id}', 'grid')")
    found["grid"] = shown("grid", f"/dags/{dag_id}", "text=transform")
    if not graph:
        return found
    page.evaluate(f"localStorage.setItem('dag_view-{dag_id}', 'graph')")
    found["graph"] = shown("graph", f"/dags/{dag_id}", ".react-flow__node")
    return found


def under_way(stack: Stack, project: Project) -> bool:
    """Whether a first model has been built."""
    runs = (stack.api.latest_run(dag_id) for dag_id in project.source_dags)
    tasks = (task for run in runs if run for task in stack.api.tasks(run["dag_id"], run["dag_run_id"]))
    return any(task["state"] == "success" for task in tasks)


def measure(stack: Stack, project: Project) -> list[dict[str, float]]:
    """Look at the first source's pages while everything runs, several times."""
    dag_id = project.source_dags[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1600, "height": 1000})
        page.context.add_cookies([{"name": "_token", "value": stack.api.token, "url": stack.layout.airflow_url}])
        # The browser's own first start, and its cache, are not Airflow's.
        look(page, stack, dag_id, graph=False)
        run = threading.Thread(target=pipeline, args=(stack, project))
        run.start()
        wait_for(lambda: under_way(stack, project), "models to be built", pause=3)
        found: list[dict[str, float]] = []
        while run.is_alive() and len(found) < ROUNDS:
            found.append(look(page, stack, dag_id))
            print(", ".join(f"{name} {seconds:.1f} s" for name, seconds in found[-1].items()), flush=True)
        run.join()
        browser.close()
    return found


def main() -> None:
    """Measure, print, and write the figures."""
    folder = Path(tempfile.mkdtemp(prefix="backbeat-bench-"))
    try:
        project = generate(folder / str(NODES), NODES)
        with running(project, "build") as stack:
            found = measure(stack, project)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = {name: [round(one[name], 2) for one in found] for name in found[0]}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine(), "nodes": NODES, "seconds": seconds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
