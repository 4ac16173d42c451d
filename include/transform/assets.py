"""Concrete assets on the tasks that Cosmos made.

Cosmos emits its assets at run time through an alias; they never show in Airflow 3's asset graph
(astronomer-cosmos#2417), and they fire before the model's tests. So its own emission is off, and here each model gets
one asset: produced by its test task when it has tests, otherwise by the model's own task. The same task carries the
inlets, so that the graph goes from asset to asset through one task per model.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow.sdk import Asset, BaseOperator, TaskGroup

from include.settings.assets import model_asset, raw_asset
from include.transform.ownership import BUILT_TYPES, Manifest, built_nodes

TEST = "test"


def asset_of(manifest: Manifest, key: str) -> Asset | None:
    """The asset of a node or source by its unique id; None for what makes no table (ephemeral models)."""
    source = manifest["sources"].get(key)
    if source is not None:
        return raw_asset(source=source["source_name"], stream=source["name"])
    node = manifest["nodes"].get(key) or manifest.get("parents", {}).get(key)
    if node is None or node["resource_type"] not in BUILT_TYPES or node["config"].get("materialized") == "ephemeral":
        return None
    return model_asset(database=node["database"], schema=node["schema"], name=node["alias"])


def inlets_of(manifest: Manifest, key: str) -> list[Asset]:
    """The assets that a node reads."""
    found = [asset_of(manifest, parent) for parent in manifest["nodes"][key]["depends_on"]["nodes"]]
    return [asset for asset in found if asset is not None]


def _judge(entry: Any) -> BaseOperator:
    """The task that says a model is good: its test task, or its only task when it has no tests."""
    if not isinstance(entry, TaskGroup):
        return entry
    children = {label.rpartition(".")[2]: child for label, child in entry.children.items()}
    return children.get(TEST) or next(iter(children.values()))  # type: ignore[return-value]


def attach(tasks_map: Mapping[str, Any], manifest: Manifest) -> None:
    """Set inlets and outlets on the tasks of a group that Cosmos rendered (`tasks_map`: unique id -> task or group)."""
    nodes = built_nodes(manifest)
    for key, entry in tasks_map.items():
        node = nodes.get(key)
        if node is None:
            # The producer, its gate and detached tests are no nodes of the graph.
            continue
        judge = _judge(entry)
        judge.inlets = inlets_of(manifest, key)
        own = asset_of(manifest, key)
        if own is not None:
            judge.outlets = [own]
