"""What stands on both sources, for tests."""

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.transform.group import BUILD_PARAMS, build, upstream_assets
from include.transform.ownership import SHARED


@dag(schedule=upstream_assets(SHARED), params=BUILD_PARAMS, **DAG_DEFAULTS)
def marts() -> None:
    build(SHARED)


marts()
