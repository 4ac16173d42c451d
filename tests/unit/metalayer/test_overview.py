"""The first screen: the figures that everybody reads, from the answers of the real questions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from include.metalayer import overview, spending
from include.metalayer.answer import Answer, Row, State
from include.metalayer.entry import Entry, Mark, ago, data_age
from include.metalayer.figures import Rates
from include.metalayer.query import load

AT = datetime(2026, 11, 23, 9, 15, tzinfo=UTC)
QUERIES = load()


def entry(name: str, rows: list[Row], *, rates: Rates | None = None) -> Entry:
    """The question as it stands after these rows came back."""
    until = AT - timedelta(hours=3)
    answer = Answer(query=name, state=State.ANSWERED, asked_at=AT, data_until=until, rows=tuple(rows), variant=name)
    return Entry(query=QUERIES[name], asked=answer, answer=answer, rates=rates or Rates())


def bill(credits: Callable[[date], float], days: int) -> list[Row]:
    """The bill of the days until AT, in two services; the day of AT is not over."""
    found: list[Row] = []
    for back in range(days, -1, -1):
        day = (AT - timedelta(days=back)).date()
        for share in (0.75, 0.25):
            found.append(
                {
                    "day": day.isoformat(),
                    "service_type": f"S{share}",
                    "credits_billed": share * credits(day),
                    "credits_of_day": credits(day),
                    "complete": back > 0,
                }
            )
    return found


def test_the_month_so_far_counts_every_day_and_service_of_this_month_alone() -> None:
    found = spending.spend({spending.BILL: entry(spending.BILL, bill(lambda day: 2.0, 61), rates=Rates(credit=3.0))})
    assert found is not None
    assert (found.month.value, found.month.money) == (46.0, "138.00 USD")
    assert found.words == "in November, until Monday 23 November"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (2.0, "as usual (2.00 credits)"),
        (2.19, "as usual (2.00 credits)"),
        (3.0, "50 % above usual (2.00 credits)"),
        (1.0, "50 % below usual (2.00 credits)"),
    ],
)
def test_the_last_whole_day_is_told_against_what_is_usual(last: float, words: str) -> None:
    rows = bill(lambda day: last if day == date(2026, 11, 22) else 2.0, 40)
    found = spending.spend({spending.BILL: entry(spending.BILL, rows)})
    assert found is not None
    assert (found.facts[0].name, found.facts[0].figure.value) == ("Sunday 22 November", last)
    assert found.facts[0].note == words


def test_a_few_days_say_nothing_of_what_is_usual() -> None:
    found = spending.spend({spending.BILL: entry(spending.BILL, bill(lambda day: 2.0, 5))})
    assert found is not None
    assert found.facts[0].note == "too few days before it to say what is usual"


@pytest.mark.parametrize(("days", "note"), [(61, "October was 62.00 credits"), (30, "")])
def test_the_pace_stands_beside_the_last_month_only_when_all_of_it_is_known(days: int, note: str) -> None:
    rows = bill(lambda day: 2.0 if day < AT.date() else 0.1, days)
    found = spending.spend({spending.BILL: entry(spending.BILL, rows)})
    assert found is not None
    assert found.facts[1].figure.value == pytest.approx(60.0)
    assert found.facts[1].note == note


def test_on_the_first_of_the_month_there_is_no_pace_yet() -> None:
    row: Row = {"day": "2026-11-01", "credits_billed": 1.0, "complete": False}
    found = spending.spend({spending.BILL: entry(spending.BILL, [row])})
    assert found is not None
    assert found.facts == ()


def test_what_the_warehouses_were_paid_for_adds_up_by_day() -> None:
    rows: list[Row] = [
        {
            "hour": f"2026-11-2{day}T{hour:02}:00:00+00:00",
            "warehouse_name": name,
            "credits_attributed": 0.6,
            "credits_idle": 0.3,
            "credits_not_attributable": 0.1,
        }
        for day in (1, 2)
        for hour in range(24)
        for name in ("A_WH", "B_WH")
    ]
    found = spending.split({spending.WAREHOUSES: entry(spending.WAREHOUSES, rows)})
    assert found is not None
    assert found.plot.places == ("2026-11-21", "2026-11-22")
    assert [round(one.total, 9) for one in found.plot.series] == [57.6, 28.8, 9.6]
    assert [fact.note for fact in found.facts] == ["60 %", "30 %", "10 %"]


def test_the_cards_count_what_runs_what_is_unused_and_what_failed() -> None:
    running: list[Row] = [
        {"state": "running", "job": "fct_orders", "running_seconds": 60, "warehouse_name": "TRANSFORM_WH"},
        {"state": "queued", "job": "fct_payments", "running_seconds": 600, "warehouse_name": "TRANSFORM_WH"},
    ]
    unused: list[Row] = [
        {"table_name": "RAW.A", "bucket": "unused", "bytes": 10**9},
        {"table_name": "RAW.B", "bucket": "too_young", "bytes": 10**9},
    ]
    failed: list[Row] = [
        {"state": "again", "job": "ada", "failures_24h": 9, "in_pipeline": False, "error_message": "typo"},
        {"state": "new", "job": "fct_orders", "failures_24h": 2, "in_pipeline": True, "error_message": "no number"},
    ]
    cards = overview.cards(
        {
            overview.RUNNING: entry(overview.RUNNING, running),
            overview.UNUSED: entry(overview.UNUSED, unused, rates=Rates(terabyte_month=23.0)),
            overview.FAILURES: entry(overview.FAILURES, failed),
        }
    )
    assert [(card.figure, card.words, card.lines[0]) for card in cards] == [
        ("2 statements", "1 of them waiting", "fct_payments: 10m00s on TRANSFORM_WH"),
        ("1 table", "they take 1.0 GB, 0.02 USD a month, 1 more table too young to say", "RAW.A: 1.0 GB"),
        ("11 statements", "in 24 hours; 1 new kind, 1 seen before", "fct_orders: no number"),
    ]


def test_a_card_without_an_answer_says_why_and_shows_no_zero() -> None:
    silent = Answer(query="failures", state=State.CANNOT_KNOW, asked_at=AT, reason="META_READER lacks a grant.")
    known = {
        overview.FAILURES: Entry(query=QUERIES["failures"], asked=silent),
        overview.RUNNING: Entry(query=QUERIES["running_now"]),
    }
    assert [(card.figure, card.words) for card in overview.cards(known)] == [
        ("", "Not asked yet"),
        ("", "Cannot be known here: META_READER lacks a grant."),
    ]


def test_the_first_screen_stands_when_nothing_is_known() -> None:
    assert spending.spend({}) is None
    assert spending.split({}) is None
    assert overview.cards({}) == []


def test_the_questions_that_the_first_screen_knows_by_name_are_there_with_the_columns_it_reads() -> None:
    wanted = {
        spending.BILL: {"day", "credits_billed", "complete"},
        spending.WAREHOUSES: {"hour", "credits_attributed", "credits_idle", "credits_not_attributable"},
        overview.RUNNING: {"state", "job", "running_seconds", "warehouse_name"},
        overview.UNUSED: {"table_name", "bucket", "bytes"},
        overview.FAILURES: {"state", "job", "failures_24h", "in_pipeline", "error_message"},
    }
    for name, columns in wanted.items():
        assert columns <= {column.name for column in QUERIES[name].columns}, name


def test_every_question_is_in_one_group() -> None:
    entries = [Entry(query=query) for query in QUERIES.values()]
    grouped = [one for _, members in overview.grouped(entries) for one in members]
    assert sorted(map(id, grouped)) == sorted(map(id, entries))


@pytest.mark.parametrize(
    ("state", "rows", "mark"),
    [
        (State.ANSWERED, [], Mark.FINE),
        (State.ANSWERED, [{"table_name": "RAW.A", "bucket": "unused"}], Mark.ATTENTION),
        (State.CANNOT_KNOW, [], Mark.CANNOT_KNOW),
        (State.FAILED, [], Mark.FAILED),
    ],
)
def test_the_mark_says_how_a_question_stands(state: State, rows: list[Row], mark: Mark) -> None:
    known = entry("unused_tables", rows)
    assert known.asked is not None
    assert replace(known, asked=replace(known.asked, state=state)).mark is mark


def test_a_table_that_has_just_become_old_enough_to_judge_is_no_second_row() -> None:
    young: Row = {"table_name": "RAW.A", "bucket": "too_young"}
    now = entry("unused_tables", [{"table_name": "RAW.A", "bucket": "unused"}])
    compared = replace(now, before=entry("unused_tables", [young]).answer)
    assert [row["bucket"] for row in compared.new] == ["unused"]
    assert list(compared.gone) == []


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=59), "59 minutes ago"),
        (timedelta(hours=47), "47 hours ago"),
        (timedelta(days=2), "2 days ago"),
    ],
)
def test_an_age_is_told_in_words(age: timedelta, words: str) -> None:
    assert ago(AT - age, AT) == words


def test_the_age_of_the_data_says_how_late_snowflake_is() -> None:
    assert data_age(entry("daily_bill", [])) == (
        "Shows the world as of 2026-11-23 06:15 UTC. Snowflake is up to 3 hours late with this."
    )
    assert data_age(entry("running_now", [])).endswith("This is in real time.")
    assert data_age(Entry(query=QUERIES["daily_bill"])) == ""
