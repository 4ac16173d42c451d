"""
# Snowflake, daily

Asks Snowflake each morning what it cost, what failed and what arrived, and tells the channel in one message. It waits
until 08:15 UTC because Snowflake writes down what yesterday's statements cost up to eight hours late.

**On failure**: a red question says in one sentence what is wrong and what to do. No pipeline waits for it; clear the
task when it is mended, and the message in the channel is corrected.
"""

from airflow.sdk import dag

from include.metalayer.operator import ask_each, tell_digest
from include.metalayer.query import Rhythm
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag


@dag(schedule="15 8 * * *", doc_md=__doc__, tags=[Tag.META], **DAG_DEFAULTS)
def meta_layer_daily() -> None:
    ask_each(Rhythm.DAILY) >> tell_digest(Rhythm.DAILY)


meta_layer_daily()
