"""The digest's events: one for each question of the window in its order, news in the open, silence with its reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.firehose.designs import design_of
from include.firehose.designs.telling import Setting
from include.firehose.event import Event
from include.metalayer.answer import Answer, State
from include.metalayer.digest import UNTOLD, events, is_worth_telling, told
from include.metalayer.figures import NO_RATES, Rates
from include.metalayer.query import Query, Rhythm
from include.settings.vocabulary import Severity
from tests.unit.metalayer.questions import ASKED_AT, answer, question, row

AIRFLOW = "http://airflow.test"
UNUSED = question()
STORAGE = question(name="storage", title="Storage")
WEEK_BEFORE = answer(row("A", 900), row("B", 100), asked_at=ASKED_AT - timedelta(days=7))


def row_told(
    found: Answer, before: Answer | None = None, rates: Rates = NO_RATES, query: Query = UNUSED
) -> dict[str, Any]:
    return told(query, found, before, [900.0, 1000.0], rates=rates, airflow_url=AIRFLOW)


def window(*rows: tuple[Query, dict[str, Any] | None], clear_number: int = 0, **more: Any) -> list[Event]:
    return events(
        Rhythm.WEEKLY,
        rows,
        run_id="scheduled__2026-11-23T08:30:00+00:00",
        clear_number=clear_number,
        ended_at=ASKED_AT,
        airflow_url=AIRFLOW,
        **more,
    )


def test_an_answer_is_told_with_its_figure_its_change_and_its_news():
    found = row_told(answer(row("A", 1500), row("C", 500)), WEEK_BEFORE, Rates(terabyte_month=10**9))
    assert found == {
        "url": "http://airflow.test/meta-layer/questions/unused_tables",
        "value": "2.0 KB",
        "words": "unused, 1.82 USD a month",
        "change": "+100 %",
        "history": [900.0, 1000.0],
        "attention": "A takes 1.5 KB, read last –",
        "fresh": True,
        "new": ["C"],
        "gone": ["B"],
    }


def test_a_question_that_is_answered_for_the_first_time_has_no_news():
    found = row_told(answer(row("A", 900)))
    assert found.keys() == {"url", "value", "words", "history"}


def test_what_the_headline_is_not_about_is_no_news():
    assert "new" not in row_told(answer(row("A", 900), row("B", 100), row("YOUNG", 5, "too_young")), WEEK_BEFORE)


def test_many_news_are_counted():
    found = row_told(answer(*(row(f"T{number:02}", 5000) for number in range(14))), WEEK_BEFORE)
    assert found["new"][-2:] == ["T09", "4 more"]
    assert found["attention"].endswith("T01 takes 5.0 KB, read last –; and 12 more")


@pytest.mark.parametrize(("state", "key"), [(State.FAILED, "failed"), (State.CANNOT_KNOW, "silent")])
def test_no_answer_is_told_with_its_reason_and_without_a_figure(state: State, key: str):
    found = row_told(answer(state=state, reason="Snowflake is away."), WEEK_BEFORE)
    assert found == {"url": "http://airflow.test/meta-layer/questions/unused_tables", key: "Snowflake is away."}


def test_every_question_of_the_window_has_its_event_in_the_same_order():
    found = window((UNUSED, row_told(answer())), (STORAGE, None))
    assert [event.payload["question"] for event in found] == ["unused_tables", "storage"]
    assert [event.payload["position"] for event in found] == [0, 1]
    assert {event.payload["of"] for event in found} == {2}
    assert found[1].payload["failed"] == UNTOLD
    assert [event.severity for event in found] == [Severity.INFO, Severity.WARNING]


def test_a_run_that_is_told_twice_is_told_once():
    once, twice = (window((UNUSED, row_told(answer()))) for _ in range(2))
    assert once == twice


def test_a_run_that_was_cleared_corrects_its_message():
    first = window((UNUSED, None), (STORAGE, row_told(answer())))
    again = window((UNUSED, row_told(answer())), (STORAGE, row_told(answer())), clear_number=1)
    assert not {event.event_id for event in first} & {event.event_id for event in again}
    assert {event.subject_key for event in first} == {event.subject_key for event in again}


def test_entries_of_the_keep_list_that_have_run_out_are_told_once():
    written = question(name="written_never_read")
    found = window((STORAGE, None), (UNUSED, None), (written, None), expired=["RAW.* (ada, until 2026-11-20)"])
    assert [event.payload.get("expired") for event in found] == [None, ["RAW.* (ada, until 2026-11-20)"], None]


def test_a_window_of_every_half_hour_is_told_only_when_something_new_wants_a_person():
    quiet, wanting = row_told(answer(row("A", 900))), row_told(answer(row("A", 5000)))
    known = row_told(answer(row("A", 6000)), answer(row("A", 5000)))
    failed = row_told(answer(state=State.FAILED, reason="away"))
    for silent in (quiet, known, failed, None):
        assert not is_worth_telling(Rhythm.NOW, [(UNUSED, silent)])
        assert is_worth_telling(Rhythm.DAILY, [(UNUSED, silent)])
    assert is_worth_telling(Rhythm.NOW, [(UNUSED, quiet), (STORAGE, wanting)])


def test_the_channel_is_told_in_one_message():
    rows = [(UNUSED, row_told(answer(row("A", 5000)), WEEK_BEFORE)), (STORAGE, row_told(answer()))]
    found = window(*rows)
    telling = design_of(found)(found, Setting(airflow_url=AIRFLOW))
    assert telling.over
    assert telling.message.text == "▲ Snowflake, weekly · 2 questions · attention: 1"
    assert [line.text for line in telling.lines] == ["✦ Tables nobody uses: no longer: B"]
