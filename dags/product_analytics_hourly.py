"""
# Product analytics, hourly

Loads the events of visitors (shop visited, product viewed, order completed) from the product-analytics service, then
builds and tests the dbt models that need nothing else. Some events arrive hours late; the models take them in.

**On failure**: a red `sync_product_analytics` is Airbyte's or the service's; its log names the reason and links the
job. A red model or test is ours: read its log, mend it, clear the task. Nothing needs undoing.
"""

from airflow.sdk import dag

from include.airbyte.builder import sync
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag
from include.transform.group import BUILD_PARAMS, build


@dag(schedule="15 * * * *", doc_md=__doc__, tags=[Tag.SYNC, Tag.TRANSFORM], params=BUILD_PARAMS, **DAG_DEFAULTS)
def product_analytics_hourly() -> None:
    sync("product_analytics") >> build("product_analytics")


product_analytics_hourly()
