"""From a question to the channel: real warehouse, real outbox, real dispatcher, local Slack."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from airflow.sdk.exceptions import AirflowException

from include.metalayer import operator
from include.metalayer.operator import AskOperator, TellDigestOperator, task_id, window
from include.metalayer.query import Rhythm
from tests.integration.firehose.road import Road
from tests.integration.metalayer.conftest import Plant, connection_of
from tests.standins import Standin, free_port, start

SPEND = """
select '2026-11-2' || seq4()::varchar as name, 4.21 as size from table(generator(rowcount => 2))
"""
UNREAD = "select column1 as name, column2 as size from values {}"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Standin]:
    server = start("postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def slack() -> Iterator[Standin]:
    server = start("slack", "--enable-faults")
    yield server
    server.stop()


@pytest.fixture
def road(postgres: Standin, slack: Standin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Road]:
    road = Road(postgres, slack, tmp_path)
    assert road.run("-m", "include.firehose", "migrate").returncode == 0
    road.rows("truncate event, subject, delivery, delivery_event, lease, rate_limit, cursor, watchdog, series, beat")
    httpx.post(f"{slack.url}/_local/reset").raise_for_status()
    for variable in ("FIREHOSE_DSN", "FIREHOSE_SPOOL"):
        monkeypatch.setenv(variable, road.environment()[variable])
    road.dispatcher()
    yield road
    road.end()


@pytest.fixture
def plant(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> Plant:
    """The planted questions are all that the tasks know."""

    def planted(name: str, *arguments: Any, **header: Any) -> Any:
        queries = plant(name, *arguments, **header)
        monkeypatch.setattr(operator.query, "load", lambda: queries)
        return queries

    return planted


class Run:
    """A run of a window: its tasks one after the other, in this process, as Airflow runs them."""

    numbers = itertools.count(1)

    def __init__(self) -> None:
        self.told: dict[str, Any] = {}
        self.dag_run = SimpleNamespace(run_id=f"scheduled__{next(self.numbers)}", clear_number=0)
        self.failed: list[str] = []

    def xcom_pull(self, task_ids: list[str], *, key: str, map_indexes: None) -> list[Any]:
        return [self.told.get(one) for one in task_ids]

    def play(self, rhythm: Rhythm = Rhythm.DAILY) -> Run:
        for query in window(rhythm):
            name = task_id(query)
            ti = SimpleNamespace(xcom_push=lambda key, value, name=name: self.told.update({name: value}))
            try:
                AskOperator(task_id=name, question=query.name).execute({"ti": ti})
            except AirflowException:
                self.failed.append(query.name)
        TellDigestOperator(task_id="tell_digest", rhythm=rhythm).execute({"ti": self, "dag_run": self.dag_run})
        return self


def told(road: Road, messages: int = 1) -> dict[str, Any]:
    """The last message, once so many stand in the channel and nothing is left to send."""
    waiting = "select from delivery where state in ('pending', 'sending', 'unknown')"
    road.wait(lambda: len(road.messages()) == messages and not road.rows(waiting), "the digest was told")
    return road.messages()[-1]


def table(message: dict[str, Any]) -> list[str]:
    parts = [part for block in message["blocks"] if block["type"] == "rich_text" for part in block["elements"]]
    (box,) = (part for part in parts if part["type"] == "rich_text_preformatted")
    return box["elements"][0]["text"].split("\n")


def plant_a_day(plant: Plant, unread: str) -> None:
    plant("a_spend", SPEND, title="Spend, last day", group="spend")
    plant(
        "b_unread",
        UNREAD.format(unread),
        title="Tables nobody reads",
        attention=[{"column": "size", "above": 100, "words": "{name} takes {size} rows"}],
    )
    plant("c_broken", "select nothing as name, 1 as size", title="Broken")
    plant("d_refused", "select 'A' as name, 1 as size from snowflake.account_usage.no_such_view", title="Refused")


def test_a_days_answers_are_one_message_with_news_failures_and_silence(warehouse: Standin, road: Road, plant: Plant):
    plant_a_day(plant, "('RAW.OLD_CARTS', 500), ('RAW.NOTES', 5)")
    run = Run().play()
    assert run.failed == ["c_broken"]
    message = told(road)
    assert message["text"] == "✕ Snowflake, daily · 4 questions · failed: 1 · attention: 1 · no answer: 1"
    assert [" ".join(row.split()) for row in table(message)] == [
        "● 8.42 planted █",
        "▲ 505 planted █",
        "✕ – Broken",
        "○ – Refused",
    ]
    said = str(message["blocks"])
    assert "RAW.OLD_CARTS takes 500 rows" in said
    assert "names a column that Snowflake does not have" in said
    assert "grant database role SNOWFLAKE.OBJECT_VIEWER to role META_READER" in said
    assert "/meta-layer/questions/b_unread" in said


def test_the_next_days_digest_says_what_is_new_since(
    warehouse: Standin, road: Road, plant: Plant, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(operator.digest, "LOOKS_BACK", dict.fromkeys(Rhythm, timedelta(microseconds=1)))
    plant("b_unread", UNREAD.format("('RAW.OLD_CARTS', 500), ('RAW.GONE', 1)"), title="Tables nobody reads")
    Run().play()
    told(road)
    plant("b_unread", UNREAD.format("('RAW.OLD_CARTS', 600), ('RAW.NEW', 2)"), title="Tables nobody reads")
    Run().play()
    message = told(road, messages=2)
    assert table(message)[0].split() == ["●", "602", "planted", "+101", "█"]
    road.wait(lambda: road.thread(message), "the news were told in the thread")
    assert road.thread(message) == ["✦ Tables nobody reads: RAW.NEW · no longer: RAW.GONE"]


def test_a_warehouse_that_is_away_is_told_all_the_same(
    warehouse: Standin, road: Road, plant: Plant, monkeypatch: pytest.MonkeyPatch
):
    plant("a_spend", SPEND, title="Spend, last day")
    monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_META", connection_of(free_port()))
    assert Run().play().failed == ["a_spend"]
    message = told(road)
    assert message["text"] == "✕ Snowflake, daily · 1 question · failed: 1"
    assert "Snowflake cannot be reached" in str(message["blocks"])


def test_a_half_hour_is_told_once_for_the_same_trouble(warehouse: Standin, road: Road, plant: Plant):
    rule = [{"column": "size", "above": 100, "words": "{name} has waited"}]
    plant("running", UNREAD.format("('Q1', 5)"), rhythm="now", attention=rule)
    Run().play(Rhythm.NOW)
    plant("running", UNREAD.format("('Q1', 200)"), rhythm="now", attention=rule)
    Run().play(Rhythm.NOW)
    Run().play(Rhythm.NOW)
    plant("running", UNREAD.format("('Q1', 300), ('Q2', 200)"), rhythm="now", attention=rule)
    Run().play(Rhythm.NOW)
    message = told(road, messages=2)
    assert "Q1 has waited; Q2 has waited" in str(message["blocks"])


def test_a_cleared_run_corrects_its_message(warehouse: Standin, road: Road, plant: Plant):
    plant("a_spend", "select", title="Spend, last day")
    run = Run().play()
    told(road)
    plant("a_spend", SPEND, title="Spend, last day")
    run.dag_run.clear_number = 1
    run.play()
    road.wait(lambda: road.texts() == ["● Snowflake, daily · 1 question"], "the message was corrected")


def test_the_digest_reaches_the_outbox_through_the_spool_when_the_database_is_away(
    warehouse: Standin, road: Road, plant: Plant, monkeypatch: pytest.MonkeyPatch
):
    plant("a_spend", SPEND, title="Spend, last day")
    monkeypatch.setenv("FIREHOSE_DSN", f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/firehose")
    Run().play()
    assert told(road)["text"] == "● Snowflake, daily · 1 question"
