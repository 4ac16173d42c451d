"""Answers as they are kept in the warehouse: whole, with their time, and readable in one statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.metalayer import history, refusal, session
from include.metalayer.answer import Answer, Kept, State
from include.metalayer.history import Point, Standing
from include.metalayer.query import Query
from tests.integration.metalayer.conftest import Plant
from tests.standins import Standin

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
def query(warehouse: Standin, plant: Plant) -> Query:
    return plant("planted")["planted"]


def answer(size: float, *, asked_at: datetime = NOON, question: str = "planted") -> Answer:
    return Answer(
        query=question,
        state=State.ANSWERED,
        asked_at=asked_at,
        data_until=asked_at - timedelta(minutes=45),
        rows=({"name": "A", "size": size},),
        seconds=0.25,
        variant=question,
        statement_id="01b2-c3",
    )


def failed(asked_at: datetime) -> Answer:
    return Answer(query="planted", state=State.FAILED, asked_at=asked_at, reason="It's away.", variant="planted")


def kept(query: Query, *answers: Answer) -> dict[str, Standing]:
    with session.connect("planted") as connection:
        for one in answers:
            history.keep(connection, query, one)
        return history.latest(connection)


def test_an_answer_comes_back_as_it_was(query: Query):
    whole = replace(
        answer(3),
        rows=({"name": 'it\'s \\ "quoted" % %s {x} 🦄 ; --', "size": 3}, {"name": None, "size": 0.1}),
        kept=(Kept({"name": "B", "size": True}, "the auditors' table", "data", date(2027, 4, 30)),),
        left_out=4,
    )
    assert kept(query, whole) == {"planted": Standing(whole, whole)}


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_an_answer_of_any_size_comes_back_whole_and_in_order(query: Query, rows: int):
    """Nine rows of 300 kB take four statements."""
    large = replace(answer(1), rows=tuple({"name": f"{place}" * 300_000, "size": place} for place in range(rows)))
    assert kept(query, large)["planted"].latest == large


def test_the_last_answer_stays_known_when_asking_fails_later(query: Query):
    first, second, away = answer(1), answer(2, asked_at=NOON + timedelta(hours=1)), failed(NOON + timedelta(hours=2))
    assert kept(query, first, second, away) == {"planted": Standing(away, second)}


def test_a_question_that_never_got_an_answer_has_none(query: Query):
    assert kept(query, failed(NOON)) == {"planted": Standing(failed(NOON), None)}


def test_the_answer_before_a_moment_is_the_last_that_was_one(query: Query):
    days = [answer(day, asked_at=NOON + timedelta(days=day)) for day in range(3)]
    kept(query, *days, failed(NOON + timedelta(days=1, hours=1)), answer(9, question="other"))
    with session.connect("planted") as connection:
        assert history.before(connection, "planted", NOON + timedelta(days=1, hours=2)) == days[1]
        assert history.before(connection, "planted", NOON) == days[0]
        assert history.before(connection, "planted", NOON - timedelta(seconds=1)) is None


def test_a_headline_has_one_value_a_day_the_last(query: Query):
    moments = [NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1)]
    asked = [answer(size, asked_at=moment) for size, moment in enumerate(moments)]
    kept(query, *asked, failed(NOON + timedelta(days=2)), answer(7, asked_at=NOON - timedelta(days=91)))
    with session.connect("planted") as connection:
        found = history.headlines(connection, since=NOON - timedelta(days=90))
        assert found == {"planted": [Point(moments[1], 1.0), Point(moments[2], 2.0)]}
        assert history.values(connection, "planted", since=NOON) == [1.0, 2.0]
        assert history.values(connection, "other", since=NOON) == []


def test_what_is_older_than_its_time_is_forgotten_for_its_question_alone(query: Query):
    old = NOON - history.RETENTION - timedelta(days=1)
    found = kept(query, answer(1, asked_at=old), answer(2, asked_at=old, question="other"), answer(3))
    assert found["planted"].answered == answer(3)
    assert found["other"].answered == answer(2, asked_at=old, question="other")
    with session.connect("planted") as connection:
        assert history.before(connection, "planted", old) is None


def test_where_nothing_was_ever_kept_reading_says_so(query: Query):
    with session.connect("planted") as connection:
        with pytest.raises(Exception, match="ANSWERS") as raised:
            history.latest(connection)
        assert refusal.lacks_object(raised.value)
