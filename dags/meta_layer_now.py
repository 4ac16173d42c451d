"""
# Snowflake now

Asks Snowflake every half hour what runs and what waits. The channel hears of it only when something new wants a
person; the page always has the last answers.

**On failure**: a red question says in one sentence what is wrong and what to do. No pipeline waits for it, and the next
half hour asks again.
"""

from airflow.sdk import dag

from include.metalayer.operator import ask_each, tell_digest
from include.metalayer.query import Rhythm
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag


@dag(schedule="*/30 * * * *", doc_md=__doc__, tags=[Tag.META], **DAG_DEFAULTS)
def meta_layer_now() -> None:
    ask_each(Rhythm.NOW) >> tell_digest(Rhythm.NOW)


meta_layer_now()
