"""
# Payments, hourly

Loads charges, refunds, payouts and balance transactions from the payments service, then builds and tests the dbt models
that need nothing else.

**On failure**: a red `sync_payments` is Airbyte's or the payments service's; its log names the reason (a refused key
says so) and links the job. A red model or test is ours: read its log, mend it, clear the task. Nothing needs undoing.
"""

from airflow.sdk import dag

from include.airbyte.builder import sync
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag
from include.transform.group import BUILD_PARAMS, build


@dag(schedule="10 * * * *", doc_md=__doc__, tags=[Tag.SYNC, Tag.TRANSFORM], params=BUILD_PARAMS, **DAG_DEFAULTS)
def payments_hourly() -> None:
    sync("payments") >> build("payments")


payments_hourly()
