"""What the local warehouse says a warehouse cost, against sums done by hand from Snowflake's rules of billing.

Per second from the statement that wakes a warehouse until AUTO_SUSPEND after the last one, a minute at least, by the
rate of its size, over UTC hours; and each moment's price shared by the statements that are busy in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.warehouse.planted_usage import DAY, Facts, Usage, at, started

# To a billionth of a credit.
EXACT = 1e-9
METERED = "select * from snowflake.account_usage.warehouse_metering_history order by start_time"
ATTRIBUTED = "select * from snowflake.account_usage.query_attribution_history order by query_id"


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    running = started(tmp_path_factory.mktemp("usage"))
    yield running
    running.stop()


def statement(name: str, begins: str, seconds: float, **known: Any) -> dict[str, Any]:
    """One that keeps its warehouse busy for so many seconds from `begins` on."""
    milliseconds = round(seconds * 1000)
    return {
        "query_id": name,
        "warehouse_name": "WH",
        "warehouse_size": "X-Small",
        "start_time": at(begins),
        "end_time": at(begins) + timedelta(milliseconds=milliseconds),
        "execution_time": milliseconds,
        "compilation_time": 0,
        **known,
    }


def change(clock: str, **what: Any) -> dict[str, Any]:
    return {"warehouse_name": "WH", "changed_at": at(clock), **what}


WAREHOUSE = change("00:00:00")


def hours(answer: dict[str, Any], column: str = "credits_used_compute") -> dict[int, float]:
    """UTC hour of the day -> credits, of the hours that cost something."""
    found = {datetime.fromisoformat(row["start_time"]).hour: float(row[column]) for row in answer["metered"]}
    return {hour: credits for hour, credits in found.items() if credits}


def credits(answer: dict[str, Any]) -> dict[str, float]:
    return {row["query_id"]: row["credits_attributed_compute"] for row in answer["attributed"]}


def seconds(amount: float, rate: int = 1) -> Any:
    """The price of running so long at so many credits an hour."""
    return pytest.approx(amount * rate / 3600, abs=EXACT)


def test_two_overlapping_statements_are_counted_once_and_split_at_the_hour(usage: Usage) -> None:
    # Busy 10:59:00 to 11:00:20, then idle for AUTO_SUSPEND: 10:59:00 to 11:01:20.
    facts = {
        "warehouse_changes": [WAREHOUSE],
        "queries": [statement("a", "10:59:00", 60), statement("b", "10:59:30", 50)],
    }
    answer = usage.ask(facts, metered=METERED, attributed=ATTRIBUTED)
    assert hours(answer) == {10: seconds(60), 11: seconds(80)}
    # a: 30 s alone and 30 s shared. b: 30 s shared and 20 s alone.
    assert credits(answer) == {"a": seconds(45), "b": seconds(35)}
    assert hours(answer, "credits_attributed_compute_queries") == {10: seconds(60), 11: seconds(20)}


def test_a_statement_of_a_moment_costs_a_minute(usage: Usage) -> None:
    facts = {"warehouse_changes": [change("00:00:00", auto_suspend=5)], "queries": [statement("a", "10:00:00", 1)]}
    assert hours(usage.ask(facts, metered=METERED)) == {10: seconds(60)}


def test_a_warehouse_that_sleeps_and_wakes_pays_the_minute_each_time(usage: Usage) -> None:
    # Awake 10:00:00 to 10:00:06 and 10:00:30 to 10:00:36: two minutes, though 36 seconds have passed.
    facts = {
        "warehouse_changes": [change("00:00:00", auto_suspend=5)],
        "queries": [statement("a", "10:00:00", 1), statement("b", "10:00:30", 1)],
    }
    assert hours(usage.ask(facts, metered=METERED)) == {10: seconds(120)}


def test_statements_within_auto_suspend_of_each_other_keep_one_run_awake(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [WAREHOUSE],
        "queries": [statement("a", "10:00:00", 10), statement("b", "10:01:05", 10)],
    }
    # 10:00:00 to 10:02:15.
    assert hours(usage.ask(facts, metered=METERED)) == {10: seconds(135)}


def test_suspend_stops_the_clock_but_lets_a_running_statement_end(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [change("00:00:00", auto_suspend=3600), change("10:01:30", event="SUSPEND")],
        "queries": [statement("a", "10:00:00", 10), statement("b", "10:01:00", 60)],
    }
    # Until 10:02:00, when b ends; nothing of the hour of AUTO_SUSPEND is left.
    assert hours(usage.ask(facts, metered=METERED)) == {10: seconds(120)}


def test_a_larger_size_costs_double_from_the_moment_it_is_set(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [WAREHOUSE, change("10:02:00", event="ALTER", size="Small")],
        "queries": [statement("a", "10:00:00", 240)],
    }
    answer = usage.ask(facts, metered=METERED, attributed=ATTRIBUTED)
    # Two minutes X-Small, two busy and one idle minute Small.
    assert hours(answer) == {10: seconds(120 + 2 * 180)}
    assert credits(answer) == {"a": seconds(120 + 2 * 120)}


def test_a_size_that_is_taken_back_at_once_costs_a_minute_of_what_it_added(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [
            WAREHOUSE,
            change("10:02:00", event="ALTER", size="Medium"),
            change("10:02:10", event="ALTER", size="X-Small"),
        ],
        "queries": [statement("a", "10:00:00", 240)],
    }
    # Five minutes at 1 credit an hour, and one minute of the 3 that Medium adds.
    assert hours(usage.ask(facts, metered=METERED)) == {10: seconds(300 + 3 * 60)}


def test_a_warehouse_without_auto_suspend_costs_until_now(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [change("00:00:00", auto_suspend=None)],
        "queries": [statement("a", "10:00:00", 10)],
    }
    total = sum(float(row["credits_used_compute"]) for row in usage.ask(facts, metered=METERED)["metered"])
    assert total == pytest.approx((datetime.now(UTC) - at("10:00:00")) / timedelta(hours=1), abs=0.01)


def test_a_short_statement_is_paid_for_and_attributed_to_nobody(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [WAREHOUSE],
        "queries": [statement("long", "10:00:00", 1), statement("short", "10:00:10", 0.1)],
    }
    answer = usage.ask(facts, metered=METERED, attributed=ATTRIBUTED)
    assert credits(answer) == {"long": seconds(1)}
    # 10.1 s until the last statement ends and a minute: whole seconds.
    assert hours(answer) == {10: seconds(71)}


def test_a_short_statement_takes_its_share_of_the_moment(usage: Usage) -> None:
    facts = {
        "warehouse_changes": [WAREHOUSE],
        "queries": [statement("long", "10:00:00", 1), statement("short", "10:00:00", 0.1)],
    }
    assert credits(usage.ask(facts, attributed=ATTRIBUTED)) == {"long": seconds(0.95)}


def test_queueing_and_compiling_keep_no_warehouse_busy(usage: Usage) -> None:
    waiting = statement("a", "10:00:00", 10, compilation_time=2000, queued_overload_time=3000)
    answer = usage.ask({"warehouse_changes": [WAREHOUSE], "queries": [waiting]}, attributed=ATTRIBUTED)
    assert credits(answer) == {"a": seconds(10)}
    assert datetime.fromisoformat(answer["attributed"][0]["start_time"]) == at("10:00:05")


def test_a_statement_that_needs_no_warehouse_wakes_none(usage: Usage) -> None:
    shown = statement("a", "10:00:00", 10, warehouse_size=None)
    answer = usage.ask({"warehouse_changes": [WAREHOUSE], "queries": [shown]}, metered=METERED, attributed=ATTRIBUTED)
    assert (hours(answer), credits(answer)) == ({}, {})


def test_a_statement_that_still_runs_keeps_its_warehouse_running(usage: Usage) -> None:
    now = datetime.now(UTC)
    running = {
        "query_id": "a",
        "warehouse_name": "WH",
        "warehouse_size": "X-Small",
        "start_time": now - timedelta(minutes=10),
    }
    answer = usage.ask({"warehouse_changes": [WAREHOUSE], "running": [running]}, metered=METERED, attributed=ATTRIBUTED)
    assert sum(float(row["credits_used_compute"]) for row in answer["metered"]) == pytest.approx(1 / 6, abs=0.01)
    assert credits(answer) == {}


def test_cloud_services_are_free_up_to_a_tenth_of_the_days_compute(usage: Usage) -> None:
    daily = "select * from snowflake.account_usage.metering_daily_history order by usage_date"
    # An hour of compile time is 4.4 credits; the warehouse is billed 9 + 1 minutes.
    facts = {
        "warehouse_changes": [WAREHOUSE],
        "queries": [
            statement("a", "10:00:00", 540),
            statement("b", "10:00:00", 0, warehouse_size=None, compilation_time=3_600_000),
        ],
    }
    (day,) = usage.ask(facts, daily=daily)["daily"]
    assert float(day["credits_used_compute"]) == seconds(600)
    assert float(day["credits_used_cloud_services"]) == pytest.approx(4.4, abs=EXACT)
    assert float(day["credits_adjustment_cloud_services"]) == pytest.approx(-1 / 60, abs=EXACT)
    assert float(day["credits_billed"]) == pytest.approx(1 / 6 + 4.4 - 1 / 60, abs=EXACT)


def test_a_rest_below_the_tenth_is_taken_off_whole(usage: Usage) -> None:
    daily = "select * from snowflake.account_usage.metering_daily_history"
    facts = {"warehouse_changes": [WAREHOUSE], "queries": [statement("a", "10:00:00", 540, compilation_time=1000)]}
    (day,) = usage.ask(facts, daily=daily)["daily"]
    assert float(day["credits_used_cloud_services"]) > 0
    assert float(day["credits_billed"]) == float(day["credits_used_compute"])


def test_load_is_busy_time_over_the_five_minutes(usage: Usage) -> None:
    load = "select * from snowflake.account_usage.warehouse_load_history order by start_time"
    facts = {
        "warehouse_changes": [WAREHOUSE],
        # Queues until 10:04:00, runs 10:04:00 to 10:06:00; another runs 10:05:00 to 10:07:30.
        "queries": [
            statement("a", "10:03:00", 120, queued_overload_time=60_000, end_time=at("10:06:00")),
            statement("b", "10:05:00", 150),
        ],
    }
    steps = usage.ask(facts, load=load)["load"]
    found = [(float(step["avg_running"]), float(step["avg_queued_load"])) for step in steps]
    assert found == [(pytest.approx(60 / 300), pytest.approx(60 / 300)), (pytest.approx(210 / 300), 0)]


def test_a_warehouses_starts_and_stops_are_events(usage: Usage) -> None:
    events = """
        select "TIMESTAMP" as moment, event_name, event_reason from snowflake.account_usage.warehouse_events_history
        where event_name in ('RESUME_WAREHOUSE', 'SUSPEND_WAREHOUSE') order by moment, event_name
    """
    facts = {
        "warehouse_changes": [WAREHOUSE, change("12:00:00", event="RESUME"), change("12:00:30", event="SUSPEND")],
        "queries": [statement("a", "10:00:00", 10)],
    }
    found = usage.ask(facts, events=events)["events"]
    assert [(datetime.fromisoformat(e["moment"]), e["event_name"], e["event_reason"]) for e in found] == [
        (at("10:00:00"), "RESUME_WAREHOUSE", "WAREHOUSE_AUTORESUME"),
        (at("10:01:10"), "SUSPEND_WAREHOUSE", "WAREHOUSE_AUTOSUSPEND"),
        (at("12:00:00"), "RESUME_WAREHOUSE", "WAREHOUSE_RESUME"),
        (at("12:00:30"), "SUSPEND_WAREHOUSE", "WAREHOUSE_SUSPEND"),
    ]


@pytest.mark.parametrize(
    ("statements", "auto_suspend", "after_eleven"),
    [
        # Idle from 10:59:50 to 11:00:50.
        ([("a", "10:59:30", 20)], 60, 50),
        # Asleep at 10:59:56, and billed its minute until 11:00:50.
        ([("a", "10:59:50", 1)], 5, 50),
        # Awake from 10:59:30, when a came, to 11:00:15: billed until 11:00:30.
        ([("a", "10:59:30", 10), ("b", "10:59:40", 30)], 5, 30),
        # Busy across the hour, then idle.
        ([("a", "10:50:00", 900)], 60, 360),
    ],
)
def test_books_closed_inside_a_run_carry_it_over(
    usage: Usage, statements: list[tuple[str, str, float]], auto_suspend: int, after_eleven: float
) -> None:
    facts = {
        "warehouse_changes": [change("00:00:00", auto_suspend=auto_suspend)],
        "queries": [statement(*each) for each in statements],
    }
    for close in ([], [at("11:00:00")], [at("10:00:00"), at("11:00:00"), at("12:00:00")]):
        assert hours(usage.ask(facts, close=close, metered=METERED))[11] == seconds(after_eleven), close


STATEMENTS = st.lists(
    st.tuples(
        st.sampled_from(["WH", "OTHER"]),
        st.integers(0, 4 * 3600 * 1000),
        st.integers(0, 2 * 3600 * 1000) | st.integers(0, 300),
    ),
    min_size=1,
    max_size=12,
)
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 6 * 3600 * 1000),
        st.sampled_from(["ALTER", "SUSPEND", "RESUME"]),
        st.sampled_from(["X-Small", "Small", "Large"]),
        st.sampled_from([1, 60, 600]),
    ),
    max_size=5,
)


def planted(statements: list[tuple[str, int, int]], changes: list[tuple[int, str, str, int]]) -> Facts:
    """Statements (warehouse, begin, length) and changes of WH (moment, event, size, AUTO_SUSPEND), in milliseconds."""

    def moment(milliseconds: int) -> datetime:
        return DAY + timedelta(milliseconds=milliseconds)

    return {
        "queries": [
            statement(str(number), "00:00:00", length / 1000, warehouse_name=warehouse)
            | {"start_time": moment(begin), "end_time": moment(begin + length)}
            for number, (warehouse, begin, length) in enumerate(statements)
        ],
        "warehouse_changes": [
            WAREHOUSE,
            *(
                change("00:00:00", event=event, size=size, auto_suspend=rest) | {"changed_at": moment(when)}
                for when, event, size, rest in changes
            ),
        ],
    }


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS, changes=CHANGES)
def test_nobody_pays_more_than_the_warehouse_cost(
    usage: Usage, statements: list[tuple[str, int, int]], changes: list[tuple[int, str, str, int]]
) -> None:
    answer = usage.ask(planted(statements, changes), metered=METERED, attributed=ATTRIBUTED)
    rest: dict[str, float] = defaultdict(float)
    for row in answer["metered"]:
        compute = float(row["credits_used_compute"])
        attributed = float(row["credits_attributed_compute_queries"])
        assert 0 <= attributed <= compute + EXACT, row
        rest[row["warehouse_name"]] += attributed
    for row in answer["attributed"]:
        assert row["credits_attributed_compute"] >= 0, row
        rest[row["warehouse_name"]] -= row["credits_attributed_compute"]
    # Each hour is rounded to a billionth.
    assert all(abs(credits) < EXACT * len(answer["metered"]) for credits in rest.values()), rest


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=STATEMENTS, changes=CHANGES, closed=st.sets(st.integers(0, 9), min_size=1, max_size=2))
def test_closing_the_books_changes_no_price(
    usage: Usage,
    statements: list[tuple[str, int, int]],
    changes: list[tuple[int, str, str, int]],
    closed: set[int],
) -> None:
    facts = planted(statements, changes)
    events = "select * exclude (query_id) from snowflake.account_usage.warehouse_events_history order by all"
    questions = {"metered": METERED, "attributed": ATTRIBUTED, "events": events}
    open_books = usage.ask(facts, **questions)
    closed_books = usage.ask(facts, close=[DAY + timedelta(hours=hour) for hour in sorted(closed)], **questions)
    assert credits(closed_books) == pytest.approx(credits(open_books), abs=EXACT)
    assert priced(closed_books) == pytest.approx(priced(open_books), abs=EXACT)
    assert closed_books["events"] == open_books["events"]


def priced(answer: dict[str, Any]) -> dict[tuple[str, ...], float]:
    columns = ("credits_used_compute", "credits_attributed_compute_queries", "credits_used_cloud_services")
    return {
        (row["warehouse_name"], row["start_time"], column): float(row[column])
        for row in answer["metered"]
        for column in columns
    }
