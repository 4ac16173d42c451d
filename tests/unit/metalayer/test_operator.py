"""The tasks: green with a reason when nobody can know, red when asking failed, and always with a row for the digest."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from include.firehose.event import Event, Road
from include.metalayer import operator
from include.metalayer.answer import Answer, State
from include.metalayer.digest import UNTOLD
from include.metalayer.operator import TOLD_KEY, AskOperator, TellDigestOperator, task_id, window
from include.metalayer.query import Query, Rhythm
from tests.unit.metalayer.questions import answer

QUESTION = window(Rhythm.DAILY)[0].name


@dataclass
class TaskInstance:
    """What Airflow hands a task to read and write XComs with."""

    told: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key: str, value: Any) -> None:
        assert key == TOLD_KEY
        self.told["pushed"] = value

    def xcom_pull(self, task_ids: list[str], *, key: str, map_indexes: None) -> list[Any]:
        assert key == TOLD_KEY
        return [self.told.get(one) for one in task_ids]


class Snowflake:
    """Answers as it is told; what it is given to keep stands in `kept`."""

    def __init__(self) -> None:
        self.answer = answer(query=QUESTION, variant=QUESTION)
        self.kept: list[Answer] = []
        self.away: Exception | None = None
        self.full: Exception | None = None

    def connect(self, purpose: str) -> AbstractContextManager[None]:
        if self.away:
            raise self.away
        return nullcontext()

    def keep(self, connection: None, asked: Query, answer: Answer) -> None:
        if self.full:
            raise self.full
        self.kept.append(answer)


@pytest.fixture
def snowflake(monkeypatch: pytest.MonkeyPatch) -> Snowflake:
    made = Snowflake()
    monkeypatch.setattr(operator, "ask", lambda connection, asked, queries: made.answer)
    monkeypatch.setattr(operator.session, "connect", made.connect)
    monkeypatch.setattr(operator.history, "before", lambda connection, question, moment: None)
    monkeypatch.setattr(operator.history, "values", lambda connection, question, since: [])
    monkeypatch.setattr(operator.history, "keep", made.keep)
    return made


def asked(ti: TaskInstance, question: str = QUESTION) -> dict[str, Any]:
    return AskOperator(task_id="ask", question=question).execute({"ti": ti})


def test_an_answer_is_kept_and_told(snowflake: Snowflake):
    ti = TaskInstance()
    assert asked(ti)["state"] == "answered"
    assert snowflake.kept == [snowflake.answer]
    assert ti.told["pushed"]["url"].endswith(f"/meta-layer/questions/{QUESTION}")


def test_what_nobody_can_know_here_is_no_failure(snowflake: Snowflake):
    snowflake.answer = answer(
        query=QUESTION, variant=QUESTION, state=State.CANNOT_KNOW, reason="This needs Snowflake's Enterprise edition."
    )
    ti = TaskInstance()
    assert asked(ti)["reason"] == "This needs Snowflake's Enterprise edition."
    assert snowflake.kept == [snowflake.answer]
    assert ti.told["pushed"]["silent"] == "This needs Snowflake's Enterprise edition."


def test_a_question_that_failed_is_red_kept_and_told(snowflake: Snowflake):
    snowflake.answer = answer(query=QUESTION, variant=QUESTION, state=State.FAILED, reason="The statement is wrong.")
    ti = TaskInstance()
    with pytest.raises(AirflowException, match="The statement is wrong"):
        asked(ti)
    assert snowflake.kept == [snowflake.answer]
    assert ti.told["pushed"]["failed"] == "The statement is wrong."


def test_an_answer_that_cannot_be_kept_is_red_and_told_all_the_same(snowflake: Snowflake):
    snowflake.full = ConnectionResetError(104, "Connection reset by peer")
    ti = TaskInstance()
    with pytest.raises(AirflowException, match=r"could not be kept in .*\. Snowflake cannot be reached"):
        asked(ti)
    assert "value" in ti.told["pushed"]


def test_a_snowflake_that_is_away_is_red_and_told_and_nothing_more_is_tried(snowflake: Snowflake):
    snowflake.away = ConnectionRefusedError(111, "Connection refused")
    ti = TaskInstance()
    with pytest.raises(AirflowException, match=r"^Snowflake cannot be reached"):
        asked(ti)
    assert ti.told["pushed"]["failed"].startswith("Snowflake cannot be reached")
    assert snowflake.kept == []


@pytest.mark.parametrize("name", ["no_such_question", "unused_tables.standard"])
def test_a_question_that_is_none_is_refused_with_those_there_are(snowflake: Snowflake, name: str):
    with pytest.raises(AirflowFailException, match=f"There is no question {name}: write one of .*{QUESTION}"):
        asked(TaskInstance(), name)


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> list[Event]:
    taken: list[Event] = []

    def report_all(events: list[Event], *, road: Road) -> bool:
        assert road is Road.SENDER
        taken.extend(events)
        return True

    monkeypatch.setattr(operator.intake, "report_all", report_all)
    return taken


def tell(rhythm: Rhythm, told: dict[str, Any]) -> int:
    run = SimpleNamespace(run_id="scheduled__1", clear_number=0)
    return TellDigestOperator(task_id="tell", rhythm=rhythm).execute({"ti": TaskInstance(told), "dag_run": run})


def test_the_digest_holds_every_question_of_the_window_even_one_whose_task_was_killed(outbox: list[Event]):
    questions = window(Rhythm.DAILY)
    assert tell(Rhythm.DAILY, {task_id(questions[0]): {"value": "1"}}) == len(questions)
    assert [event.payload["question"] for event in outbox] == [one.name for one in questions]
    assert outbox[0].payload["value"] == "1"
    assert {event.payload["failed"] for event in outbox[1:]} == {UNTOLD}


def test_a_quiet_half_hour_is_not_told(outbox: list[Event]):
    assert tell(Rhythm.NOW, {task_id(one): {"value": "0"} for one in window(Rhythm.NOW)}) == 0
    assert outbox == []


def test_a_half_hour_with_something_new_is_told(outbox: list[Event]):
    (first, *_) = window(Rhythm.NOW)
    assert tell(Rhythm.NOW, {task_id(first): {"value": "1", "attention": "x runs long", "fresh": True}}) > 0


def test_a_digest_that_nobody_takes_is_red(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(operator.intake, "report_all", lambda events, *, road: False)
    with pytest.raises(AirflowException, match="Neither the firehose's outbox nor its spool"):
        tell(Rhythm.DAILY, {})


def test_every_question_is_asked_by_exactly_one_window():
    asked_by = [one.name for rhythm in Rhythm for one in window(rhythm)]
    assert sorted(asked_by) == sorted(operator.names())
