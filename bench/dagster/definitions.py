"""The same dbt project as Dagster runs it: one asset per model, one `dbt build`."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dagster import AssetExecutionContext, Definitions, define_asset_job
from dagster_dbt import DbtCliResource, DbtProject, dbt_assets

project = DbtProject(project_dir=os.environ["DBT_PROJECT_DIR"], profiles_dir=os.environ["DBT_PROJECT_DIR"])
manifest = Path(os.environ["BENCH_MANIFEST"])


@dbt_assets(manifest=manifest)
def models(context: AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    yield from dbt.cli(["build", "--cache-selected-only"], context=context).stream()


defs = Definitions(
    assets=[models], resources={"dbt": DbtCliResource(project_dir=project)}, jobs=[define_asset_job("build")]
)
