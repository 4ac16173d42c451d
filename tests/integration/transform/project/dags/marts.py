"""What stands on both sources, for tests."""

from datetime import timedelta

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.transform.group import BUILD_PARAMS, build, upstream_assets
from include.transform.ownership import SHARED

# Tests do not wait as long as people may.
QUICK = {**DAG_DEFAULTS["default_args"], "retry_delay": timedelta(seconds=4)}


@dag(schedule=upstream_assets(SHARED), params=BUILD_PARAMS, **{**DAG_DEFAULTS, "default_args": QUICK})
def marts() -> None:
    build(SHARED)


marts()
