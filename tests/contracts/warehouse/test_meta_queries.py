"""The questions, asked of a warehouse whose past is known: each planted case is named by the right answer, and only it.

What has happened there is in `past_work`.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from include.metalayer import new_query, query
from include.metalayer.answer import Answer, State, attention, typed_rows
from tests.contracts.warehouse import past_work
from tests.contracts.warehouse.connections import connect, listed
from tests.standins import Standin

QUERIES = query.load()
EXACT = 1e-9

# The hours that are long over.
METERED = """
    select
        warehouse_name,
        start_time,
        credits_used_compute,
        start_time >= dateadd('day', -7, current_timestamp()) as is_of_the_week
    from snowflake.account_usage.warehouse_metering_history
    where
        start_time >= dateadd('day', -30, current_timestamp())
        and end_time <= dateadd('hour', -2, current_timestamp())
"""

Row = dict[str, Any]
Answers = dict[str, list[Row]]


@pytest.fixture(scope="module")
def server() -> Iterator[Standin]:
    standin = past_work.worked()
    yield standin
    standin.stop()


@pytest.fixture(scope="module")
def session(server: Standin) -> Iterator[SnowflakeConnection]:
    with connect(server, user="META", role="META", warehouse="META_WH") as connection:
        yield connection


@pytest.fixture(scope="module")
def answers(session: SnowflakeConnection) -> Answers:
    """Every answer, by the question's name."""
    return {name: rows(session, name) for name in QUERIES}


def rows(session: SnowflakeConnection, name: str) -> list[Row]:
    return [{key.lower(): value for key, value in row.items()} for row in listed(session, QUERIES[name].sql)]


def named(found: list[Row], column: str, **having: Any) -> set[Any]:
    return {row[column] for row in found if all(row[key] == value for key, value in having.items())}


@pytest.mark.parametrize("name", QUERIES)
def test_a_question_runs_and_gives_the_columns_that_it_declares(session: SnowflakeConnection, name: str) -> None:
    cursor = session.cursor()
    cursor.execute(QUERIES[name].sql)
    assert [column.name.lower() for column in cursor.description] == [column.name for column in QUERIES[name].columns]


def test_what_a_new_question_begins_as_runs(session: SnowflakeConnection, tmp_path: Path) -> None:
    question = query.read(new_query.begin("something", tmp_path))
    found = listed(session, question.sql)
    assert [key.lower() for key in found[0]] == [column.name for column in question.columns]


@pytest.mark.parametrize("name", QUERIES)
def test_the_key_of_a_question_identifies_a_row(answers: Answers, name: str) -> None:
    keys = [tuple(row[column] for column in QUERIES[name].key) for row in answers[name]]
    assert len(keys) == len(set(keys))


def test_tables_nobody_uses_are_named_and_no_others(answers: Answers) -> None:
    """FORGOTTEN was read once, long ago; DEAD_MART is rebuilt and tested by the pipeline, and read by nobody."""
    found = answers["unused_tables"]
    assert named(found, "table_name", bucket="unused") == {
        "RAW.SHOP.FORGOTTEN",
        "RAW.SHOP.STOPPED",
        "ANALYTICS.MARTS.DEAD_MART",
    }
    assert named(found, "table_name", bucket="too_young") == {"RAW.SHOP.FRESH"}
    last_read = {row["table_name"]: row["last_read"] for row in found}
    assert last_read["RAW.SHOP.FORGOTTEN"] is not None
    assert last_read["ANALYTICS.MARTS.DEAD_MART"] is None


def test_on_standard_edition_a_table_that_the_pipeline_alone_scans_is_a_verdict_of_its_own(answers: Answers) -> None:
    found = answers["unused_tables.standard"]
    assert named(found, "table_name", bucket="unused") == {"RAW.SHOP.FORGOTTEN", "RAW.SHOP.STOPPED"}
    assert named(found, "table_name", bucket="pipeline_only") == {"ANALYTICS.MARTS.DEAD_MART"}
    assert named(found, "table_name", bucket="too_young") == {"RAW.SHOP.FRESH"}


def test_what_is_written_for_nobody_is_named_with_its_writer(answers: Answers) -> None:
    found = answers["written_never_read"]
    assert {(row["table_name"], row["writer"]) for row in found if row["bucket"] == "unused"} == {
        ("ANALYTICS.MARTS.DEAD_MART", "TRANSFORMER"),
        ("RAW.SHOP.STOPPED", "LOADER"),
    }
    assert named(found, "writes", table_name="ANALYTICS.MARTS.DEAD_MART") == {2}
    assert named(answers["written_never_read.standard"], "table_name", bucket="unused") == {"RAW.SHOP.STOPPED"}


def test_a_view_read_only_through_another_view_is_in_use_and_the_dead_one_is_named(answers: Answers) -> None:
    assert named(answers["unused_views_columns"], "object_name", finding="view") == {"ANALYTICS.MARTS.DEAD_VIEW"}
    assert answers["unused_views_columns.standard"] == []


def test_the_column_that_nobody_reads_is_named(answers: Answers) -> None:
    found = [row for row in answers["unused_views_columns"] if row["finding"] == "columns"]
    assert {(row["object_name"], row["column_names"], row["unused_columns"]) for row in found} == {
        ("RAW.SHOP.ORDERS", "NOTE", 1)
    }


def test_a_rebuilt_table_is_neither_new_nor_gone(answers: Answers) -> None:
    assert {(row["change"], row["object_name"]) for row in answers["new_and_gone"]} == {
        ("new", "RAW.SHOP.FRESH"),
        ("gone", "RAW.SHOP.GONE"),
    }


def test_storage_counts_every_version_of_a_rebuilt_table_and_no_byte_twice(
    session: SnowflakeConnection, answers: Answers
) -> None:
    by_name = {row["table_name"]: row for row in answers["storage"]}
    metrics = listed(session, "select * from snowflake.account_usage.table_storage_metrics")
    parts = ("ACTIVE_BYTES", "TIME_TRAVEL_BYTES", "FAILSAFE_BYTES", "RETAINED_FOR_CLONE_BYTES")
    assert sum(row["total_bytes"] for row in by_name.values()) == sum(row[part] for row in metrics for part in parts)
    assert "(all others)" not in by_name


def test_the_inventory_is_what_is_there(session: SnowflakeConnection, answers: Answers) -> None:
    objects = {(row["schema_name"], row["kind"]): row["objects"] for row in answers["inventory"]}
    assert objects == {
        ("RAW.SHOP", "base table"): 4,
        ("ANALYTICS.MARTS", "base table"): 4,
        ("ANALYTICS.MARTS", "view"): 3,
        ("ANALYTICS.STAGING", "view"): 1,
    }


def test_the_parts_of_every_warehouse_and_hour_add_up_to_what_was_metered(
    session: SnowflakeConnection, answers: Answers
) -> None:
    metered = listed(session, METERED)
    split = {(row["warehouse_name"], row["hour"].replace(tzinfo=None)): row for row in answers["warehouse_spend_idle"]}
    assert metered
    for row in metered:
        answer = split[row["WAREHOUSE_NAME"], row["START_TIME"].replace(tzinfo=None)]
        parts = [float(answer[f"credits_{part}"]) for part in ("attributed", "idle", "not_attributable")]
        assert sum(parts) == pytest.approx(float(row["CREDITS_USED_COMPUTE"]), abs=EXACT)
        assert min(parts) >= 0
    assert any(row["credits_not_attributable"] > 0 for row in split.values())


def test_the_idle_warehouse_asks_for_attention_and_no_other(answers: Answers) -> None:
    question = QUERIES["warehouse_spend_idle"]
    answer = Answer(
        query=question.name,
        state=State.ANSWERED,
        asked_at=datetime.now(UTC),
        rows=typed_rows(
            question, list(answers[question.name][0]), [tuple(row.values()) for row in answers[question.name]]
        ),
    )
    # Four hours on an XSMALL, and a second of work.
    assert attention(question, answer) == [
        "IDLE_WH was paid 4.00 credits in 24 hours for doing nothing: look at its auto_suspend"
    ]


def test_what_jobs_cost_adds_up_to_what_was_metered(session: SnowflakeConnection, answers: Answers) -> None:
    metered: dict[str, float] = defaultdict(float)
    for row in listed(session, METERED):
        # The questions themselves run on META_WH, now: nobody knows which of its hours were finished when they asked.
        if row["IS_OF_THE_WEEK"] and row["CREDITS_USED_COMPUTE"] and row["WAREHOUSE_NAME"] != "META_WH":
            metered[row["WAREHOUSE_NAME"]] += float(row["CREDITS_USED_COMPUTE"])
    given: dict[str, float] = defaultdict(float)
    for job in answers["cost_per_model_and_dag"]:
        given[job["warehouse_name"]] += float(job["credits_total"])
    assert set(metered) == {"LOADING_WH", "TRANSFORM_WH", "REPORTING_WH", "IDLE_WH"}
    assert {name: given[name] for name in metered} == pytest.approx(metered, abs=EXACT)


def test_a_model_costs_more_the_longer_it_runs_and_is_named_with_its_task(answers: Answers) -> None:
    jobs = {row["job"]: row for row in answers["cost_per_model_and_dag"] if row["kind"] == "dbt"}
    slow, even = jobs["model.shop.slow"], jobs["model.shop.even"]
    assert (slow["dag_id"], slow["task_id"], slow["warehouse_size"]) == ("marts", "build", "X-Small")
    assert (slow["runs"], slow["statements"]) == (3, 3)
    assert slow["credits_attributed"] > even["credits_attributed"] > 0
    assert slow["credits_per_run"] == pytest.approx(float(slow["credits_total"]) / 3)


def test_the_costliest_statement_stands_first(answers: Answers) -> None:
    assert answers["top_queries"][0]["job"] == "model.shop.slow"


def test_the_bill_of_a_day_is_the_sum_of_its_services(answers: Answers) -> None:
    for day in {row["day"] for row in answers["daily_bill"]}:
        of_day = [row for row in answers["daily_bill"] if row["day"] == day]
        assert {row["credits_of_day"] for row in of_day} == {sum(row["credits_billed"] for row in of_day)}
    assert sum(row["credits_billed"] for row in answers["daily_bill"]) > 0


def test_the_slow_model_is_named_and_the_even_one_is_not(answers: Answers) -> None:
    (row,) = answers["slower_than_before"]
    assert (row["node_id"], row["runs_now"], row["runs_before"]) == ("model.shop.slow", 3, 3)
    assert float(row["seconds_now"]) == pytest.approx(75, abs=5)
    assert float(row["seconds_before"]) == pytest.approx(20, abs=5)


def test_a_failure_is_new_or_again_and_only_the_pipeline_s_ask_for_attention(answers: Answers) -> None:
    states = {(row["state"], row["in_pipeline"], row["query_text"].split()[1]) for row in answers["failures"]}
    assert states == {("new", True, "anew"), ("again", True, "again"), ("new", False, "mistyped")}
    assert named(answers["failures"], "failures_14d", state="again") == {2}


def test_the_statement_that_waited_is_named(answers: Answers) -> None:
    assert [(row["problem"], "as waited" in row["query_text"]) for row in answers["badly_running"]] == [
        ("waits for a place", True)
    ]
    assert [row["warehouse_name"] for row in answers["queues_and_locks"] if row["queued_seconds"] > 1] == [
        "REPORTING_WH"
    ]


def test_the_table_that_stopped_moving_is_named(answers: Answers) -> None:
    states = {row["table_name"]: row["state"] for row in answers["loads"]}
    assert states == {
        "RAW.SHOP.STOPPED": "stopped",
        "RAW.SHOP.ORDERS": "moving",
        "RAW.SHOP.FRESH": "moving",
        "RAW.SHOP.FORGOTTEN": "still",
    }


def test_the_dead_user_role_and_warehouse_are_named_and_no_others(answers: Answers) -> None:
    found = answers["people_and_access"]
    assert named(found, "name", finding="dead user") == {"DORA"}
    assert named(found, "name", finding="dead role") == {"OLD_ROLE"}
    assert named(found, "name", finding="dead warehouse") == {"OLD_WH"}
    assert named(found, "name", finding="password alone") >= {"ANN"}


def test_nothing_is_scheduled_inside_the_warehouse(answers: Answers) -> None:
    assert answers["tasks_pipes"] == []


def test_the_questions_own_cost_is_told_by_question(answers: Answers) -> None:
    assert named(answers["own_cost"], "statements", question_name="storage") == {1}


def test_a_running_statement_is_named_while_it_runs_and_no_longer(
    server: Standin, session: SnowflakeConnection
) -> None:
    slow = "select count(*) as endless from range(100000000) a, range(100000000) b"

    def run() -> None:
        options = {"user": "ANN", "role": "ANN", "warehouse": "REPORTING_WH", "database": "RAW"}
        with connect(server, **options) as other, suppress(ProgrammingError):
            other.cursor().execute(slow, timeout=5)

    thread = threading.Thread(target=run)
    thread.start()
    found: list[Row] = []
    while thread.is_alive() and not found:
        found = rows(session, "running_now")
    thread.join()
    assert [(row["user_name"], row["state"], row["query_text"]) for row in found] == [("ANN", "running", slow)]
    assert rows(session, "running_now") == []
