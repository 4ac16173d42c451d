"""`build(owner)`: the dbt models of one pipeline as a task group, rendered by Cosmos.

Everything about Cosmos is said here once: the manifest is read and never parsed, and the group knows exactly the nodes
that belong to its pipeline. How its tasks come to their states is the TransformMode: one `dbt build` whose word they
take (producer.py, consumer.py), or one of Cosmos's own modes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from airflow.sdk import Asset, BaseOperator, Param, TaskGroup
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_TASK_ID,
    DbtResourceType,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    SourceRenderingBehavior,
    TestBehavior,
    TestIndirectSelection,
)

from include.settings import connections, environment, paths
from include.settings.vocabulary import TransformMode
from include.transform import manifest as dbt_manifest
from include.transform.assets import asset_of, attach, inlets_of
from include.transform.consumer import DbtModelOperator
from include.transform.ownership import Manifest, built_nodes
from include.transform.producer import DbtBuildOperator
from include.transform.query_tag import tag_cosmos

PROFILE = "backbeat"
BUILD_TASK_ID = "dbt_build"
# BUILD has its own operators; what Cosmos would otherwise render for them is replaced node by node.
EXECUTION_MODES = {
    TransformMode.BUILD: ExecutionMode.LOCAL,
    TransformMode.WATCHER: ExecutionMode.WATCHER,
    TransformMode.LOCAL: ExecutionMode.LOCAL,
}
# Cosmos's WATCHER cannot show a model and its tests as one task.
TEST_BEHAVIORS = {
    TransformMode.BUILD: TestBehavior.BUILD,
    TransformMode.WATCHER: TestBehavior.AFTER_EACH,
    TransformMode.LOCAL: TestBehavior.AFTER_EACH,
}
FULL_REFRESH = "{{ params.get('full_refresh', False) }}"

BUILD_PARAMS = {
    "full_refresh": Param(
        False,
        type="boolean",
        title="Full refresh",
        description="Build incremental models from nothing (dbt --full-refresh).",
    ),
    "select": Param(
        None,
        type=["null", "string"],
        title="Only these models",
        description="dbt selection, as in `fct_orders+ tag:daily`; empty: every model of this pipeline.",
        # dbt's selection syntax: names, methods, graph operators. Nothing that a command line could take for an option.
        pattern=r"^[A-Za-z0-9_@+*.][A-Za-z0-9_@+*.:,/ ]*$",
        maxLength=500,
    ),
}


def build(owner: str, *, group_id: str = "transform") -> TaskGroup:
    """The task group that builds and tests the dbt nodes that belong to `owner` (a source's name, or SHARED).

    The DAG needs `params=BUILD_PARAMS`. Raises LookupError when the owner has no nodes, ManifestError when `make
    manifest` was never run.
    """
    mode = environment.load().transform_mode
    manifest = dbt_manifest.load_slice(owner)
    converters = {}
    if mode is TransformMode.BUILD:
        convert = _consumers(manifest)
        converters = dict.fromkeys((DbtResourceType.MODEL, DbtResourceType.SEED, DbtResourceType.SNAPSHOT), convert)
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=paths.DBT_PROJECT,
            manifest_path=dbt_manifest.slice_path(owner),
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name=PROFILE,
            target_name="snowflake",
            profiles_yml_filepath=paths.DBT_PROJECT / "profiles.yml",
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            test_behavior=TEST_BEHAVIORS[mode],
            should_detach_multiple_parents_tests=False,
            source_rendering_behavior=SourceRenderingBehavior.NONE,
            emit_datasets=False,
            node_converters=converters,
        ),
        execution_config=ExecutionConfig(
            execution_mode=EXECUTION_MODES[mode],
            invocation_mode=InvocationMode.DBT_RUNNER,
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
        ),
        operator_args={"full_refresh": FULL_REFRESH, "interceptors": [tag_cosmos]},
    )
    if mode is TransformMode.BUILD:
        _add_producer(group, manifest)
    else:
        _adapt_stock(group, manifest)
    return group


def _consumers(manifest: Manifest) -> Callable[..., BaseOperator]:
    """What Cosmos calls for each node in place of its own operator."""

    def convert(*, dag: Any, task_group: TaskGroup, node: Any, **_: Any) -> BaseOperator:
        return DbtModelOperator(
            task_id=node.resource_name,
            dag=dag,
            task_group=task_group,
            # Asked of the group when it is drawn: within another group its ids are longer.
            build_task_id=task_group.child_id(BUILD_TASK_ID),
            node=node.unique_id,
            tests=tuple(manifest["judges"][node.unique_id]),
            asset=asset_of(manifest, node.unique_id),
            inlets=inlets_of(manifest, node.unique_id),
            pool=connections.DBT_POOL,
            # A model that this run leaves out is skipped, and those that stand on it are built all the same.
            trigger_rule="none_failed",
            weight_rule="absolute",
        )

    return convert


def _add_producer(group: DbtTaskGroup, manifest: Manifest) -> None:
    tasks = {entry.task_id: key for key, entry in group.tasks_map.items()}
    DbtBuildOperator(
        task_id=BUILD_TASK_ID,
        task_group=group,
        nodes=tasks,
        tests=manifest["judges"],
        select="{{ params.get('select') or '' }}",
        full_refresh=FULL_REFRESH,
        # Before everything that waits for its word.
        priority_weight=100,
        weight_rule="absolute",
    )


def _adapt_stock(group: DbtTaskGroup, manifest: Manifest) -> None:
    """Give Cosmos's own tasks what they lack: concrete assets, and a selection that follows the run's params."""
    producer = group.tasks_map.get(PRODUCER_WATCHER_TASK_ID)
    if producer is not None:
        producer.select = _selection_template(manifest)
        producer.indirect_selection = TestIndirectSelection.BUILDABLE.value
        # Unit tests judge code, not data: they run where code changes (`make test`), not each hour.
        producer.dbt_cmd_flags = ["--exclude-resource-type", "unit_test"]
    attach(group.tasks_map, manifest)


def _selection_template(manifest: Mapping[str, Any]) -> str:
    """dbt's `--select`: the group's nodes, each met with what the run's `select` param asks for.

    In dbt's exact notation, `fqn:project.folder.name`: a bare name also matches folders.
    """
    selectors = ["fqn:" + ".".join(node["fqn"]) for node in built_nodes(manifest).values()]
    return (
        "{% for wanted in (params.get('select') or '').split() or [''] %}{% for node in "
        + json.dumps(selectors)
        + " %}{{ node }}{{ ',' ~ wanted if wanted else '' }} {% endfor %}{% endfor %}"
    )


def upstream_assets(owner: str) -> list[Asset]:
    """The assets of other pipelines that `owner`'s nodes read: what its DAG waits for."""
    manifest = dbt_manifest.load_slice(owner)
    found = [asset_of(manifest, key) for key in manifest["parents"]]
    return [asset for asset in found if asset is not None]
