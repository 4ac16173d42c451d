"""The models of the source lab, for tests."""

from datetime import timedelta

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.transform.group import BUILD_PARAMS, build

# Tests do not wait as long as people may.
QUICK = {**DAG_DEFAULTS["default_args"], "retry_delay": timedelta(seconds=4)}


@dag(schedule=None, params=BUILD_PARAMS, **{**DAG_DEFAULTS, "default_args": QUICK})
def lab() -> None:
    build("lab")


lab()
