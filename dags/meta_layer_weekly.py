"""
# Snowflake, weekly

Asks Snowflake each Monday what nobody uses and what that costs, what has become slower, and who still comes in, and
tells the channel in one message.

**On failure**: a red question says in one sentence what is wrong and what to do. No pipeline waits for it; clear the
task when it is mended, and the message in the channel is corrected.
"""

from airflow.sdk import dag

from include.metalayer.operator import ask_each, tell_digest
from include.metalayer.query import Rhythm
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag


@dag(schedule="30 8 * * 1", doc_md=__doc__, tags=[Tag.META], **DAG_DEFAULTS)
def meta_layer_weekly() -> None:
    ask_each(Rhythm.WEEKLY) >> tell_digest(Rhythm.WEEKLY)


meta_layer_weekly()
