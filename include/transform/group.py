"""`build(owner)`: the dbt models of one pipeline as a task group, rendered by Cosmos.

Everything about Cosmos is said here once: the manifest is read and never parsed, one `dbt build` does the work while
a task per model watches it, tests run after each model, and the group knows exactly the nodes that belong to its
pipeline.
"""

from __future__ import annotations

import json

from airflow.sdk import Asset, Param, TaskGroup
from cosmos import DbtTaskGroup, ExecutionConfig, ProfileConfig, ProjectConfig, RenderConfig
from cosmos.constants import (
    PRODUCER_WATCHER_TASK_ID,
    ExecutionMode,
    InvocationMode,
    LoadMode,
    SourceRenderingBehavior,
    TestBehavior,
    TestIndirectSelection,
)

from include.settings import environment, paths
from include.settings.vocabulary import TransformMode
from include.transform import manifest as dbt_manifest
from include.transform.assets import asset_of, attach
from include.transform.ownership import built_nodes, feeds, owned_by

PROFILE = "backbeat"
EXECUTION_MODES = {TransformMode.WATCHER: ExecutionMode.WATCHER, TransformMode.LOCAL: ExecutionMode.LOCAL}

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


def _selectors(owner: str) -> list[str]:
    """The owner's nodes in dbt's exact notation, `fqn:project.folder.name`: a bare name also matches folders."""
    manifest = dbt_manifest.load()
    nodes = built_nodes(manifest)
    return ["fqn:" + ".".join(nodes[key]["fqn"]) for key in owned_by(manifest, owner)]


def _selection_template(selectors: list[str]) -> str:
    """dbt's `--select`: the group's nodes, each met with what the run's `select` param asks for."""
    return (
        "{% for wanted in (params.get('select') or '').split() or [''] %}{% for node in "
        + json.dumps(selectors)
        + " %}{{ node }}{{ ',' ~ wanted if wanted else '' }} {% endfor %}{% endfor %}"
    )


def build(owner: str, *, group_id: str = "transform") -> TaskGroup:
    """The task group that builds and tests the dbt nodes that belong to `owner` (a source's name, or SHARED).

    The DAG needs `params=BUILD_PARAMS`. Raises LookupError when the owner has no nodes, ManifestError when `make
    manifest` was never run.
    """
    settings = environment.load()
    selectors = _selectors(owner)
    group = DbtTaskGroup(
        group_id=group_id,
        project_config=ProjectConfig(
            dbt_project_path=paths.DBT_PROJECT,
            manifest_path=paths.DBT_MANIFEST,
            install_dbt_deps=False,
        ),
        profile_config=ProfileConfig(
            profile_name=PROFILE,
            target_name="snowflake",
            profiles_yml_filepath=paths.DBT_PROJECT / "profiles.yml",
        ),
        render_config=RenderConfig(
            load_method=LoadMode.DBT_MANIFEST,
            select=selectors,
            test_behavior=TestBehavior.AFTER_EACH,
            should_detach_multiple_parents_tests=False,
            source_rendering_behavior=SourceRenderingBehavior.NONE,
            emit_datasets=False,
        ),
        execution_config=ExecutionConfig(
            execution_mode=EXECUTION_MODES[settings.transform_mode],
            invocation_mode=InvocationMode.DBT_RUNNER,
            test_indirect_selection=TestIndirectSelection.BUILDABLE,
        ),
        operator_args={"full_refresh": "{{ params.get('full_refresh', False) }}"},
    )
    producer = group.tasks_map.get(PRODUCER_WATCHER_TASK_ID)
    if producer is not None:
        producer.select = _selection_template(selectors)
        producer.indirect_selection = TestIndirectSelection.BUILDABLE.value
        # Unit tests judge code, not data: they run where code changes (`make test`), not each hour.
        producer.dbt_cmd_flags = ["--exclude-resource-type", "unit_test"]
    attach(group.tasks_map, dbt_manifest.load())
    return group


def upstream_assets(owner: str) -> list[Asset]:
    """The assets of other pipelines that `owner`'s nodes read: what its DAG waits for."""
    manifest = dbt_manifest.load()
    found = [asset_of(manifest, key) for key in feeds(manifest, owner)]
    return [asset for asset in found if asset is not None]
