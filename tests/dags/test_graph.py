"""The graph of tasks and assets: complete, connected, and the same as the committed picture of it."""

from __future__ import annotations

from collections import Counter

import pytest
from airflow.dag_processing.dagbag import DagBag

from include.settings.assets import raw_asset
from include.sources.catalog import sources
from include.transform import manifest as dbt_manifest
from include.transform.assets import asset_of
from include.transform.ownership import SHARED, built_nodes, feeds, owners, runs_of_tests
from tests.dags.graph import SNAPSHOT, as_text, waits_for


def producers(dagbag: DagBag) -> Counter[str]:
    return Counter(asset.name for dag in dagbag.dags.values() for task in dag.tasks for asset in task.outlets)


def test_the_rendered_graph_is_the_committed_one(dagbag: DagBag) -> None:
    assert SNAPSHOT.read_text() == as_text(dagbag.dags), "If the change is meant: .venv/bin/python -m tests.dags.graph"


def test_every_model_belongs_to_exactly_one_dag(dagbag: DagBag) -> None:
    manifest = dbt_manifest.load()
    models = {asset.name for key in built_nodes(manifest) if (asset := asset_of(manifest, key))}
    built = {name: count for name, count in producers(dagbag).items() if not name.startswith("raw.")}
    assert built == dict.fromkeys(models, 1)


def test_every_raw_stream_is_produced_by_one_sync(dagbag: DagBag) -> None:
    streams = {raw_asset(source=source.name, stream=stream).name for source in sources() for stream in source.streams}
    loaded = {name: count for name, count in producers(dagbag).items() if name.startswith("raw.")}
    assert loaded == dict.fromkeys(streams, 1)


def test_every_dbt_runs_of_tests_in_exactly_one_dag() -> None:
    wrong = {test: runs for test, runs in runs_of_tests(dbt_manifest.load()).items() if len(runs) != 1}
    assert wrong == {}


def test_every_asset_that_a_task_reads_is_produced_by_another(dagbag: DagBag) -> None:
    produced = producers(dagbag)
    for dag in dagbag.dags.values():
        for task in dag.tasks:
            assert {asset.name for asset in task.inlets} <= produced.keys(), task.task_id


def test_all_assets_are_one_connected_graph(dagbag: DagBag) -> None:
    neighbours: dict[str, set[str]] = {}
    manifest = dbt_manifest.load()
    for key, node in built_nodes(manifest).items():
        own = asset_of(manifest, key)
        for parent in node["depends_on"]["nodes"]:
            other = asset_of(manifest, parent)
            if own and other:
                neighbours.setdefault(own.name, set()).add(other.name)
                neighbours.setdefault(other.name, set()).add(own.name)
    reached: set[str] = set()
    waiting = [next(iter(neighbours))]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += neighbours[name]
    assert reached == set(producers(dagbag))


def test_the_marts_start_from_exactly_what_they_read(dagbag: DagBag) -> None:
    manifest = dbt_manifest.load()
    read = {asset.name for key in feeds(manifest, SHARED) if (asset := asset_of(manifest, key))}
    assert set(waits_for(dagbag.dags["business_marts"])) == read
    assert {owners(manifest)[key] for key in feeds(manifest, SHARED)} == {source.name for source in sources()}


@pytest.mark.parametrize("dag_id", ["storefront_hourly", "payments_hourly", "product_analytics_hourly"])
def test_nothing_is_built_before_its_source_is_loaded(dagbag: DagBag, dag_id: str) -> None:
    dag = dagbag.dags[dag_id]
    (sync,) = [task for task in dag.tasks if task.task_id.startswith("sync_")]
    assert {task.task_id for task in dag.roots} == {sync.task_id}
