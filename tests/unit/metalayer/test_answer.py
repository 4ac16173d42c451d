"""Answers as typed data: figures, attention, and what has come and gone, without anything made up."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from include.metalayer.answer import (
    Answer,
    Kept,
    State,
    WrongColumns,
    attention,
    change,
    gone_rows,
    headline,
    name_of,
    new_rows,
    new_wishes,
    typed_rows,
)
from include.metalayer.figures import Rates
from include.metalayer.query import Unit, load
from tests.unit.metalayer.questions import answer, question, row

QUERY = question()
YESTERDAY = answer(row("A", 5000), row("B", 10))
COLUMNS = ["TABLE_NAME", "BUCKET", "LAST_READ", "BYTES"]


def test_a_record_becomes_plain_values_by_its_columns_units():
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=timezone(timedelta(hours=-8)))
    assert typed_rows(QUERY, COLUMNS, [("A", None, moment, Decimal("12"))]) == (
        {"table_name": "A", "bucket": None, "last_read": "2026-11-22T17:30:00+00:00", "bytes": 12},
    )


def test_a_time_without_a_zone_is_utc_because_the_session_is():
    (typed,) = typed_rows(QUERY, COLUMNS, [("A", "unused", datetime(2026, 11, 22, 9, 30), 1)])
    assert typed["last_read"] == "2026-11-22T09:30:00+00:00"


def test_columns_come_by_name_and_those_nobody_declared_are_left_out():
    (typed,) = typed_rows(
        QUERY, ["bytes", "more", "bucket", "table_name", "last_read"], [(7, "x", "unused", "A", None)]
    )
    assert typed == row("A", 7)


def test_a_declared_column_that_does_not_come_is_named():
    with pytest.raises(WrongColumns, match=r"unused_tables.sql gives no column `bytes`"):
        typed_rows(QUERY, COLUMNS[:3], [])


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (Decimal("0.125"), "credits", 0.125),
        (Decimal("3"), "credits", 3.0),
        (3.0, "count", 3),
        (math.nan, "credits", None),
        (True, "flag", True),
        (date(2026, 11, 22), "date", "2026-11-22"),
        ('{"a": 1}', "text", '{"a": 1}'),
    ],
)
def test_no_value_is_a_decimal_a_date_or_not_a_number(value: Any, unit: str, expected: Any):
    query = question(
        columns=({"name": "x", "title": "X", "unit": unit},),
        key="x",
        headline={"of": "count", "unit": "count", "words": "w"},
        attention=(),
    )
    ((typed,),) = (found.values() for found in typed_rows(query, ["X"], [(value,)]))
    assert typed == expected
    assert type(typed) is type(expected)


@pytest.mark.parametrize(
    "one",
    [
        YESTERDAY,
        answer(state=State.CANNOT_KNOW, reason="This needs Snowflake's Enterprise edition."),
        answer(
            {"text": "<b>'\"\\ 🦄", "whole": 2**53, "share": 0.1, "flag": True, "none": None},
            data_until=datetime(2026, 11, 23, 6, 45, tzinfo=UTC),
            seconds=1.25,
            statement_id="01b2",
            kept=(Kept(row("B", 10), "audit", "data", date(2027, 1, 1)),),
            left_out=7,
        ),
    ],
    ids=["answered", "silent", "everything"],
)
def test_an_answer_is_the_same_after_json(one: Answer):
    assert Answer.from_json(one.to_json()) == one


def test_the_headline_is_about_the_rows_that_its_where_names():
    assert headline(QUERY, answer(row("A", 5000), row("B", 99, "too_young"))).value == 5000


@pytest.mark.parametrize(
    ("of", "column", "expected"),
    [
        *(("sum", "bytes", 40), ("max", "bytes", 30), ("min", "bytes", 10), ("first", "bytes", 30)),
        *(("last", "table_name", "C"), ("count", "bytes", 2), ("count", None, 3)),
    ],
)
def test_a_headline_measures_what_is_there(of: str, column: str | None, expected: Any):
    query = question(headline={"of": of, "column": column, "unit": "count", "words": "w"})
    assert headline(query, answer(row("A", 30), row("B", None), row("C", 10))).value == expected


@pytest.mark.parametrize(("of", "expected"), [("sum", 0), ("count", 0), ("max", None), ("last", None)])
def test_over_no_rows_a_sum_is_nothing_spent_and_a_maximum_is_not_known(of: str, expected: Any):
    query = question(headline={"of": of, "column": "bytes", "unit": "bytes", "words": "w"})
    assert headline(query, answer()).value == expected


def test_a_sum_of_many_small_credits_is_the_bill():
    query = question(
        columns=({"name": "c", "title": "C", "unit": "credits"},),
        key="c",
        headline={"column": "c", "of": "sum", "unit": "credits", "words": "w"},
        attention=(),
    )
    rows = [{"c": 0.1}] * 100_000
    assert headline(query, answer(*rows)).value == 10_000.0


@pytest.mark.parametrize("state", [State.FAILED, State.CANNOT_KNOW])
def test_an_answer_that_is_none_has_no_figure_not_even_nought(state: State):
    figure = headline(QUERY, answer(state=state, reason="away"))
    assert figure.value is None
    assert figure.text == "–"
    assert change(QUERY, answer(state=state), YESTERDAY) == ""


def test_bytes_that_are_billed_have_a_price_and_others_have_not():
    rates = Rates(terabyte_month=23.0)
    terabyte = answer(row("A", 1024**4))
    assert headline(QUERY, terabyte, rates).money == "23.00 USD a month"
    assert headline(question(views=("ACCOUNT_USAGE.QUERY_HISTORY",)), terabyte, rates).money == ""
    assert headline(QUERY, terabyte).money == ""


def test_what_wants_attention_is_said_with_the_rows_own_figures():
    last_read = "2026-07-01T09:00:00+00:00"
    wanting = answer(row("A", 5000, last_read=last_read), row("B", 1000), row("C", None), row("D", 2_000_000))
    assert attention(QUERY, wanting) == [
        "A takes 5.0 KB, read last 2026-07-01 09:00 UTC",
        "D takes 2.0 MB, read last –",
    ]


@pytest.mark.parametrize(
    ("rule", "meets"),
    [
        ({"column": "bytes", "below": 11}, ["B"]),
        ({"column": "bytes", "equals": 5000}, ["A"]),
        ({"column": "bucket", "equals": "unused"}, ["A", "B"]),
        ({"column": "bucket", "equals": "UNUSED"}, []),
        ({"column": "bucket", "above": 1}, []),
    ],
)
def test_a_rule_is_met_by_values_of_its_kind_alone(rule: dict[str, Any], meets: list[str]):
    assert attention(question(attention=({**rule, "words": "{table_name}"},)), YESTERDAY) == meets


def test_a_row_is_named_once_by_the_first_rule_that_it_meets():
    rules = ({"column": "bytes", "above": above, "words": f"above {above}"} for above in (4000, 1))
    assert attention(question(attention=tuple(rules)), YESTERDAY) == ["above 4000", "above 1"]


def test_only_what_did_not_want_attention_before_is_a_new_wish():
    today = answer(row("A", 6000), row("B", 2000))
    assert [wish.row["table_name"] for wish in new_wishes(QUERY, today, YESTERDAY)] == ["B"]
    assert len(new_wishes(QUERY, today, None)) == 2


def test_rows_come_and_go_by_their_key_and_not_by_their_figures():
    today = answer(row("A", 6000), row("C", 1))
    assert [found["table_name"] for found in new_rows(QUERY, today, YESTERDAY)] == ["C"]
    assert [found["table_name"] for found in gone_rows(QUERY, today, YESTERDAY)] == ["B"]


@pytest.mark.parametrize(
    "before",
    [
        None,
        replace(YESTERDAY, state=State.FAILED, rows=()),
        replace(YESTERDAY, variant="unused_tables.standard"),
        replace(YESTERDAY, left_out=1),
    ],
    ids=["never asked", "failed", "another road", "cut"],
)
def test_nothing_is_new_when_nobody_can_tell(before: Answer | None):
    assert new_rows(QUERY, answer(row("C", 1)), before) == []


def test_yesterdays_bill_is_not_gone_and_todays_is_not_new():
    columns = ({"name": "day", "title": "Day", "unit": "date"}, {"name": "credits", "title": "C", "unit": "credits"})
    bill = question(
        columns=columns,
        key="day",
        headline={"of": "last", "column": "credits", "unit": "credits", "words": "w"},
        attention=(),
    )
    before, now = (answer({"day": f"2026-11-2{day}", "credits": 1.0}) for day in (1, 2))
    assert new_rows(bill, now, before) == gone_rows(bill, now, before) == []


def test_nothing_has_gone_when_today_is_cut():
    assert gone_rows(QUERY, answer(row("A", 1), left_out=5), YESTERDAY) == []


def test_a_row_that_is_kept_from_today_on_has_not_gone():
    kept = Kept(row("B", 10), "audit", "data", date(2027, 1, 1))
    assert gone_rows(QUERY, answer(row("A", 1), kept=(kept,)), YESTERDAY) == []


def test_a_row_is_called_by_what_tells_it_from_the_others_of_the_headline():
    assert name_of(QUERY, row("RAW.A")) == "RAW.A"
    plain = question(headline={"of": "count", "unit": "count", "words": "w"})
    assert name_of(plain, row("RAW.A", bucket="too_young")) == "RAW.A · too_young"


def test_a_row_is_not_called_by_a_hash():
    columns = ("job", "user_name", "shape")
    query = question(
        columns=tuple({"name": name, "title": name, "unit": "name"} for name in columns),
        key=("shape", "user_name"),
        headline={"of": "count", "unit": "count", "words": "w"},
        attention=(),
    )
    assert name_of(query, {"job": "fct_orders", "user_name": "TRANSFORMER", "shape": "9f86d081"}) == (
        "fct_orders · TRANSFORMER"
    )


def test_a_change_compares_the_headlines():
    assert change(QUERY, answer(row("A", 6012)), YESTERDAY) == "+20 %"
    assert change(QUERY, YESTERDAY, YESTERDAY) == "="
    assert change(QUERY, YESTERDAY, None) == ""
    assert change(QUERY, YESTERDAY, replace(YESTERDAY, variant="unused_tables.standard")) == ""


@pytest.mark.parametrize("query", load().values(), ids=lambda query: query.name)
def test_every_sentence_of_every_question_can_be_written_for_every_row(query):
    """A format that fits only some values would fail in somebody's digest."""
    numeric = (Unit.COUNT, Unit.BYTES, Unit.CREDITS, Unit.SECONDS, Unit.PERCENT)
    for empty in (True, False):
        for rule in query.attention:
            filled = {column.name: 10**9 if column.unit in numeric else "x" for column in query.columns}
            met = rule.equals if rule.equals is not None else (rule.above or rule.below or 0)
            met = met + 1 if rule.above is not None else met - 1 if rule.below is not None else met
            found = {name: None if empty else value for name, value in filled.items()} | {rule.column: met}
            (sentence,) = attention(query.model_copy(update={"attention": (rule,)}), answer(found))
            assert "{" not in sentence
