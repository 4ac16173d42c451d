"""Which pipeline builds which node of the dbt project: computed from the graph, so that no list can be wrong.

A node all of whose ancestors lead to one source belongs to the pipeline of that source. Everything else (more than
one source, none at all, or anything that stands on such a node) belongs to the shared pipeline, which runs after the
others. Pure: works on a dbt manifest as a dictionary, imports no Airflow.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from typing import Any

SHARED = "shared"
# What a pipeline builds. Tests follow their nodes; analyses, exposures and the like are never built.
BUILT_TYPES = frozenset({"model", "seed", "snapshot"})

Manifest = Mapping[str, Any]


def built_nodes(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The nodes that dbt builds as tables, views or nothing (ephemeral), by unique id."""
    return {key: node for key, node in manifest["nodes"].items() if node["resource_type"] in BUILT_TYPES}


def _parents(node: Mapping[str, Any]) -> list[str]:
    return list(node.get("depends_on", {}).get("nodes", []))


def owners(manifest: Manifest) -> dict[str, str]:
    """The owner of each built node: a source's name, or SHARED."""
    nodes = built_nodes(manifest)
    sources = manifest["sources"]
    graph = {key: [parent for parent in _parents(node) if parent in nodes] for key, node in nodes.items()}
    found: dict[str, str] = {}
    for key in TopologicalSorter(graph).static_order():
        above = {
            sources[parent]["source_name"] if parent in sources else found[parent]
            for parent in _parents(nodes[key])
            if parent in sources or parent in found
        }
        found[key] = above.pop() if len(above) == 1 else SHARED
    return found


def owned_by(manifest: Manifest, owner: str) -> list[str]:
    """The unique ids that a pipeline builds, in a stable order.

    Raises LookupError when there are none: an empty group would be a pipeline that does nothing and looks green.
    """
    found = sorted(key for key, name in owners(manifest).items() if name == owner)
    if not found:
        known = sorted(set(owners(manifest).values()))
        raise LookupError(
            f"No dbt model belongs to {owner!r}; the models belong to {known}. Is its staging folder there?"
        )
    return found


def _ancestors(manifest: Manifest, keys: Iterable[str]) -> set[str]:
    nodes = built_nodes(manifest)
    seen: set[str] = set()
    waiting = list(keys)
    while waiting:
        key = waiting.pop()
        if key in nodes and key not in seen:
            seen.add(key)
            waiting += _parents(nodes[key])
    return seen


def runs_of_tests(manifest: Manifest) -> dict[str, list[str]]:
    """The pipelines that run each test: dbt's rule `indirect_selection: buildable`.

    A test runs where one of its nodes is built, if all its other nodes are built there too or stand above what is
    built.
    """
    by_owner: dict[str, set[str]] = {}
    for key, owner in owners(manifest).items():
        by_owner.setdefault(owner, set()).add(key)
    buildable = {owner: _ancestors(manifest, keys) for owner, keys in by_owner.items()}
    nodes = built_nodes(manifest)
    runs: dict[str, list[str]] = {}
    for key, node in manifest["nodes"].items():
        if node["resource_type"] not in ("test", "unit_test"):
            continue
        needed = {parent for parent in _parents(node) if parent in nodes}
        runs[key] = sorted(owner for owner, keys in by_owner.items() if needed & keys and needed <= buildable[owner])
    return runs


def judges(manifest: Manifest, owner: str) -> dict[str, list[str]]:
    """The tests that judge each node of a pipeline, by the node's unique id, in a stable order.

    A test judges one node, so that its failure blocks what stands on that node and nothing else: the node it is
    declared on, or for a test of its own file the last of its nodes in the order of building.
    """
    mine = set(owned_by(manifest, owner))
    found: dict[str, list[str]] = {key: [] for key in sorted(mine)}
    for key, run_by in sorted(runs_of_tests(manifest).items()):
        test = manifest["nodes"][key]
        if owner not in run_by or test["resource_type"] != "test":
            continue
        parents = sorted(mine.intersection(_parents(test)))
        declared_on = test.get("attached_node")
        found[declared_on if declared_on in parents else _last(manifest, parents)].append(key)
    return found


def _last(manifest: Manifest, keys: list[str]) -> str:
    """A node that none of the others stands on."""
    above = {key: _ancestors(manifest, [key]) - {key} for key in keys}
    return next(key for key in keys if not any(key in above[other] for other in keys))


def slice_of(manifest: Manifest, owner: str) -> dict[str, Any]:
    """The part of a manifest that a pipeline's DAG is drawn from, in the manifest's own form.

    `nodes` are the pipeline's nodes and the tests that run in it, `sources` the sources they read, `parents` the nodes
    of other pipelines they read; `judges` as judges() gives it. Columns, code and documentation are left out: a DAG
    file reads this at each parse.
    """
    tests = judges(manifest, owner)
    nodes = manifest["nodes"]
    kept = [*tests, *(test for found in tests.values() for test in found)]
    read = {parent for key in tests for parent in _parents(nodes[key])}
    return {
        "metadata": {"project_name": manifest["metadata"]["project_name"]},
        "nodes": {key: _drawn(nodes[key]) for key in kept},
        "sources": {key: _drawn(manifest["sources"][key]) for key in sorted(read) if key in manifest["sources"]},
        "parents": {key: _drawn(nodes[key]) for key in feeds(manifest, owner)},
        "judges": tests,
    }


_DRAWN = (
    *("unique_id", "resource_type", "name", "alias", "database", "schema", "package_name", "original_file_path"),
    *("fqn", "tags", "depends_on", "source_name"),
)
_DRAWN_CONFIG = ("materialized", "meta", "tags", "enabled")


def _drawn(node: Mapping[str, Any]) -> dict[str, Any]:
    config = node.get("config") or {}
    drawn = {name: node[name] for name in _DRAWN if name in node}
    drawn["depends_on"] = {"nodes": _parents(node)}
    return drawn | {"config": {name: config[name] for name in _DRAWN_CONFIG if name in config}}


def feeds(manifest: Manifest, owner: str) -> list[str]:
    """The nodes of other pipelines that this pipeline's nodes read directly, in a stable order."""
    all_owners = owners(manifest)
    mine = {key for key, name in all_owners.items() if name == owner}
    nodes = built_nodes(manifest)
    read = {parent for key in mine for parent in _parents(nodes[key])}
    return sorted(key for key in read if key in all_owners and key not in mine)
