"""
# Shop database, hourly

Loads shops, plans, subscriptions, buyers, products, orders and order lines from the shop platform's application
database, then builds and tests the dbt models that need nothing else.

**On failure**: a red `sync_storefront` is Airbyte's or the database's; its log names the reason and links the job. A
red model or test is ours: read its log, mend it, clear the task. Nothing needs undoing; the next hour moves what is
missing.
"""

from airflow.sdk import dag

from include.airbyte.builder import sync
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag
from include.transform.group import BUILD_PARAMS, build


@dag(schedule="5 * * * *", doc_md=__doc__, tags=[Tag.SYNC, Tag.TRANSFORM], params=BUILD_PARAMS, **DAG_DEFAULTS)
def storefront_hourly() -> None:
    sync("storefront") >> build("storefront")


storefront_hourly()
