"""The tasks of the meta layer: ask one question and keep its answer; tell a window's answers to the channel.

A question that cannot be answered here is no failure: its task is green and says why. One that failed is red, and no
pipeline waits for it. The tasks have a pool and a warehouse of their own, so that asking slows nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.firehose import intake
from include.firehose.event import Road
from include.metalayer import digest, history, keep, query, session
from include.metalayer.answer import Answer, State
from include.metalayer.ask import ask, unanswered
from include.metalayer.figures import Rates
from include.metalayer.query import Query, Rhythm
from include.metalayer.refusal import refusal
from include.settings import environment
from include.settings.connections import META_POOL

if TYPE_CHECKING:
    from airflow.sdk import Context

TOLD_KEY = "told"
# What a digest's little chart shows.
CHART_DAYS = timedelta(days=14)
ASKING: dict[str, Any] = {
    "pool": META_POOL,
    # For a warehouse that is away; what is wrong with a question stays wrong.
    "retries": 2,
    "retry_delay": timedelta(minutes=1),
    "execution_timeout": timedelta(minutes=10),
    # The scheduler takes every pipeline's tasks first.
    "weight_rule": "absolute",
}


class AskOperator(BaseOperator):
    """Ask one question of include/metalayer/queries, and keep the answer in Snowflake.

    :param question: the name of its file.

    Returns (XCom) question, state, reason, rows, seconds and statement_id. Fails when asking failed, and when the
    answer could not be kept.
    """

    template_fields: Sequence[str] = ("question",)
    ui_color = "#e3f1f4"

    def __init__(self, *, question: str, **kwargs: Any) -> None:
        super().__init__(**{**ASKING, **kwargs})
        self.question = question

    def execute(self, context: Context) -> dict[str, Any]:
        """Ask, keep, and write down what the digest tells."""
        queries = query.load()
        asked = queries.get(self.question)
        if asked is None or asked.answers:
            raise AirflowFailException(f"There is no question {self.question}: write one of {', '.join(names())}.")
        answer, row, problem = _asked_and_kept(asked, queries)
        context["ti"].xcom_push(TOLD_KEY, row)
        if answer.state is State.FAILED:
            raise AirflowException(answer.reason)
        if problem:
            raise AirflowException(f"The answer could not be kept in {history.TABLE} or compared. {problem}")
        self.log.info("%s: %s rows. %s", answer.state, len(answer.rows), answer.reason)
        return {
            "question": answer.query,
            "state": answer.state.value,
            "reason": answer.reason,
            "rows": len(answer.rows),
            "seconds": answer.seconds,
            "statement_id": answer.statement_id,
        }


def _asked_and_kept(asked: Query, queries: Mapping[str, Query]) -> tuple[Answer, dict[str, Any], str]:
    """The answer, what the digest tells of it, and why it could not be kept; all in one session."""
    now, keeps, settings = datetime.now(UTC), keep.read(), environment.load()
    before: Answer | None = None
    values: list[float] = []
    problem = ""
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(session.connect(asked.name))
        except Exception as error:
            answer = unanswered(asked, error, asked_at=now)
        else:
            answer = keep.applied(asked, ask(connection, asked, queries), keeps, now.date())
            try:
                # Kept before anything is read: the first answer of all makes the table.
                history.keep(connection, queries[answer.variant], answer)
                before = history.before(connection, answer.query, answer.asked_at - digest.LOOKS_BACK[asked.rhythm])
                values = history.values(connection, answer.query, since=answer.asked_at - CHART_DAYS)
            except Exception as error:
                problem = refusal(error, asked).reason
    rates, road = Rates.configured(settings), queries[answer.variant]
    return answer, digest.told(road, answer, before, values, rates=rates, airflow_url=settings.airflow_url), problem


class TellDigestOperator(BaseOperator):
    """Tell what a window's questions were answered, whatever became of their tasks.

    :param rhythm: the window.
    """

    ui_color = "#f4e9da"

    def __init__(self, *, rhythm: Rhythm, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rhythm = rhythm

    def execute(self, context: Context) -> int:
        """Write one event per question to the firehose's outbox; returns how many."""
        queries = window(self.rhythm)
        ti, run = context["ti"], context["dag_run"]
        told = ti.xcom_pull([task_id(one) for one in queries], key=TOLD_KEY, map_indexes=None)
        rows = list(zip(queries, told, strict=True))
        if not digest.is_worth_telling(self.rhythm, rows):
            self.log.info("Nothing new wants a person, so nothing is told.")
            return 0
        now = datetime.now(UTC)
        events = digest.events(
            self.rhythm,
            rows,
            run_id=run.run_id,
            clear_number=getattr(run, "clear_number", 0) or 0,
            ended_at=now,
            airflow_url=environment.load().airflow_url,
            expired=keep.read().expired_lines(now.date()),
        )
        if not intake.report_all(events, road=Road.SENDER):
            raise AirflowException("Neither the firehose's outbox nor its spool takes the digest: look at both.")
        return len(events)


def window(rhythm: Rhythm) -> list[Query]:
    """The questions of a rhythm, in the order in which they are always told."""
    return [one for one in query.questions(query.load()) if one.rhythm is rhythm]


def names() -> list[str]:
    """The names of all questions."""
    return [one.name for one in query.questions(query.load())]


def task_id(asked: Query) -> str:
    """`ask_unused_tables`."""
    return f"ask_{asked.name}"


def ask_each(rhythm: Rhythm) -> list[AskOperator]:
    """A task for each question of a rhythm; they need nothing of each other."""
    return [
        AskOperator(task_id=task_id(one), question=one.name, owner=one.owner, doc_md=f"**{one.question}**\n\n{one.why}")
        for one in window(rhythm)
    ]


def tell_digest(rhythm: Rhythm) -> TellDigestOperator:
    """The last task of a window. As a teardown it runs in any case and leaves the run's state to the questions."""
    task = TellDigestOperator(task_id="tell_digest", rhythm=rhythm, pool=META_POOL, weight_rule="absolute")
    return task.as_teardown()
