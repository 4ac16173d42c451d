"""
# One question to Snowflake

Asks the one question that its caller names, and keeps the answer for the page; the channel's digests are not touched.
The page starts it when somebody asks anew, and so can the REST API.

**On failure**: the red task says in one sentence what is wrong and what to do. Nothing waits for it.
"""

from airflow.sdk import Param, dag

from include.metalayer.operator import AskOperator, names
from include.settings.dags import DAG_DEFAULTS
from include.settings.vocabulary import Tag

QUESTION = Param(type="string", enum=names(), description="The question, by the name of its file.")


@dag(schedule=None, doc_md=__doc__, tags=[Tag.META], params={"question": QUESTION}, **DAG_DEFAULTS)
def meta_layer_question() -> None:
    AskOperator(task_id="ask_question", question="{{ params.question }}", retries=0)


meta_layer_question()
