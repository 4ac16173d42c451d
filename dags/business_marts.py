"""
# Business marts

Builds and tests what needs more than one source: orders against payments and visits, the daily facts of each shop and
of the whole business. Starts when each pipeline that it reads from has finished its models and their tests are green.

**On failure**: a red reconciliation test means that two sources disagree; the test's log names the orders. A red
model is ours: read its log, mend it, clear the task. If it does not start at all, one of the hourly pipelines is late
or red.
"""

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag
from include.transform.group import BUILD_PARAMS, build, upstream_assets
from include.transform.ownership import SHARED


@dag(
    schedule=upstream_assets(SHARED),
    doc_md=__doc__,
    tags=[Tag.TRANSFORM, Tag.MARTS],
    params=BUILD_PARAMS,
    **DAG_DEFAULTS,
)
def business_marts() -> None:
    build(SHARED)


business_marts()
