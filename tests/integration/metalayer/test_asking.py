"""Asking a real warehouse: the answer is typed, and whatever goes wrong is an answer that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.metalayer import session
from include.metalayer.answer import Answer, State
from include.metalayer.ask import MOST_ROWS, ask, unanswered
from tests.integration.metalayer.conftest import Plant, asked, connection_of
from tests.standins import Standin, free_port

TYPES = """
select
    'RAW.A' as name, 12::number(38, 0) as size, 0.125::number(38, 9) as credits, 1.5::float as share,
    '2026-11-22 09:30:00 -0800'::timestamp_tz as at, '2026-11-22'::date as day, true as is_big, null as nothing
"""
COLUMNS = [
    {"name": name, "title": name, "unit": unit}
    for name, unit in (
        *(("name", "name"), ("size", "count"), ("credits", "credits"), ("share", "percent")),
        *(("at", "time"), ("day", "date"), ("is_big", "flag"), ("nothing", "text")),
    )
]


def planted(plant: Plant, sql: str, **header: object) -> Answer:
    return asked("planted", plant("planted", sql, **header))


def test_an_answer_has_plain_values_and_the_statements_id(warehouse: Standin, plant: Plant):
    answer = planted(plant, TYPES, columns=COLUMNS)
    assert answer.state is State.ANSWERED, answer.reason
    (row,) = answer.rows
    assert row == {
        "name": "RAW.A",
        "size": 12,
        "credits": 0.125,
        "share": 1.5,
        "at": "2026-11-22T17:30:00+00:00",
        "day": "2026-11-22",
        "is_big": True,
        "nothing": None,
    }
    assert Answer.from_json(answer.to_json()) == answer
    assert answer.statement_id
    assert answer.data_until == answer.asked_at
    assert answer.variant == "planted"


def test_the_session_is_in_utc_bounded_in_time_and_tagged_with_its_question(warehouse: Standin):
    with session.connect("unused_tables") as connection, connection.cursor() as cursor:
        parameters = {row[0].upper(): row[1] for row in cursor.execute("show parameters in session").fetchall()}
        (place,) = cursor.execute("select current_user() || '/' || current_role() || '/' || current_warehouse()")
    assert parameters["QUERY_TAG"] == '{"app": "meta", "question": "unused_tables"}'
    assert parameters["TIMEZONE"] == "UTC"
    assert parameters["STATEMENT_TIMEOUT_IN_SECONDS"] == "300"
    assert place == ("META/META_READER/META_WH",)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select 'A' as name, 1 as size from", "Snowflake cannot read the statement of planted.sql: correct it."),
        ("select 'A' as name", "The statement of planted.sql gives no column `size`: correct its header."),
        (
            "select name, 1 as size from META.LAYER.NO_SUCH_TABLE",
            "META.LAYER.NO_SUCH_TABLE does not exist or META_READER",
        ),
    ],
    ids=["no SQL", "a column less", "no such table"],
)
def test_a_question_that_errors_says_what_to_correct(warehouse: Standin, plant: Plant, sql: str, said: str):
    answer = planted(plant, sql)
    assert answer.state is State.FAILED
    assert answer.reason.startswith(said)
    assert answer.rows == ()
    assert answer.data_until is None


def test_a_bad_question_does_not_disturb_the_next(warehouse: Standin, plant: Plant):
    plant("bad", "select")
    queries = plant("good")
    assert [asked(name, queries).state for name in ("bad", "good")] == [State.FAILED, State.ANSWERED]


def test_a_view_that_may_not_be_read_is_nobodys_failure(warehouse: Standin, plant: Plant):
    answer = planted(plant, "select table_name as name, 1 as size from snowflake.account_usage.tables_of_a_later_year")
    assert answer.state is State.CANNOT_KNOW
    assert "`grant database role SNOWFLAKE.OBJECT_VIEWER to role META_READER` as ACCOUNTADMIN" in answer.reason


@pytest.mark.parametrize(
    ("port", "said"),
    [(free_port(), "Snowflake cannot be reached"), (None, "Airflow has no connection snowflake_meta")],
    ids=["away", "no connection"],
)
def test_without_a_session_a_question_says_why_within_seconds(
    warehouse: Standin, plant: Plant, monkeypatch: pytest.MonkeyPatch, port: int | None, said: str
):
    monkeypatch.delenv("AIRFLOW_CONN_SNOWFLAKE_META")
    if port:
        monkeypatch.setenv("AIRFLOW_CONN_SNOWFLAKE_META", connection_of(port))
    queries = plant("planted")
    with pytest.raises(Exception, match=r".") as raised:
        asked("planted", queries)
    answer = unanswered(queries["planted"], raised.value, asked_at=datetime.now(UTC))
    assert answer.state is State.FAILED
    assert answer.reason.startswith(said)


def test_a_warehouse_that_goes_away_in_between_is_an_answer_too(warehouse: Standin, plant: Plant):
    queries = plant("planted")
    with session.connect("planted") as connection:
        connection.close()
        answer = ask(connection, queries["planted"], queries)
    assert answer.state is State.FAILED
    assert answer.reason


def test_more_rows_than_are_kept_are_counted(warehouse: Standin, plant: Plant):
    rows = f"select 'T' || seq4() as name, 1 as size from table(generator(rowcount => {MOST_ROWS + 50}))"
    answer = planted(plant, rows)
    assert answer.state is State.ANSWERED, answer.reason
    assert (len(answer.rows), answer.left_out) == (MOST_ROWS, 50)


def test_no_rows_in_real_time_are_an_answer(warehouse: Standin, plant: Plant):
    answer = planted(plant, "select 'A' as name, 1 as size where false")
    assert (answer.state, answer.rows) == (State.ANSWERED, ())
