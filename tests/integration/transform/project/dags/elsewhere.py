"""The models of the source elsewhere, for tests."""

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.transform.group import BUILD_PARAMS, build


@dag(schedule=None, params=BUILD_PARAMS, **DAG_DEFAULTS)
def elsewhere() -> None:
    build("elsewhere")


elsewhere()
