"""Snowflake's errors say what is wrong and what to do, and a missing grant is told from a slip of the pen."""

from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowNotFoundException
from snowflake.connector.errors import DatabaseError, OperationalError, ProgrammingError

from include.metalayer.answer import State, WrongColumns
from include.metalayer.refusal import Refusal, lacks_object, refusal
from tests.unit.metalayer.questions import question

QUERY = question(database_roles=("OBJECT_VIEWER", "USAGE_VIEWER"))


def refused(error: Exception) -> Refusal:
    return refusal(error, QUERY)


def sql_error(number: int, words: str) -> ProgrammingError:
    return ProgrammingError(msg=f"{number:06d} (42S02): {words}", errno=number, sqlstate="42S02")


@pytest.mark.parametrize("kind", ["Object", "Schema", "Database"])
def test_a_missing_grant_is_nobodys_failure_and_comes_with_the_grant_that_mends_it(kind: str):
    error = sql_error(
        2003, f"SQL compilation error:\n{kind} 'SNOWFLAKE.ACCOUNT_USAGE.TABLES' does not exist or not authorized."
    )
    assert lacks_object(error)
    assert refused(error) == Refusal(
        State.CANNOT_KNOW,
        "META_READER may not read SNOWFLAKE.ACCOUNT_USAGE.TABLES: run `grant database role SNOWFLAKE.OBJECT_VIEWER to "
        "role META_READER; grant database role SNOWFLAKE.USAGE_VIEWER to role META_READER` as ACCOUNTADMIN.",
    )


def test_a_table_of_ours_that_is_not_there_is_a_failure():
    found = refused(
        sql_error(2003, "SQL compilation error:\nObject 'META.LAYER.ANSWERS' does not exist or not authorized.")
    )
    assert found.state is State.FAILED
    assert found.reason.startswith(
        "META.LAYER.ANSWERS does not exist or META_READER may not use it: run deploy/snowflake"
    )


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (606, "No active warehouse selected in the current session.", "There is no warehouse META_WH"),
        (
            630,
            "Statement reached its statement or warehouse timeout of 300 second(s)",
            "unused_tables.sql took too long",
        ),
        (666, "Your account is suspended due to lack of payment method.", "has suspended the account"),
        (90073, "Warehouse 'META_WH' cannot be resumed because resource monitor 'M'", "The month's credits of META_WH"),
        (904, "invalid identifier 'BITES'", "names a column that Snowflake does not have: correct it. (SQL error"),
        (390144, "JWT token is invalid.", "refuses the login of the connection snowflake_meta"),
        (390186, "Role 'META_READER' specified in the connect string does not exist", "correct its user, key or role"),
    ],
)
def test_what_failed_says_what_to_do(number: int, words: str, said: str):
    found = refused(sql_error(number, f"SQL error:\n{words}"))
    assert found.state is State.FAILED
    assert said in found.reason
    assert "\n" not in found.reason


@pytest.mark.parametrize(
    "error",
    [
        OperationalError(msg="Could not connect to Snowflake backend after 2 attempt(s).Aborting", errno=250001),
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError("timed out"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_snowflake_that_is_away_is_told_from_one_that_refuses(error: Exception):
    assert refused(error).reason.startswith("Snowflake cannot be reached: look at the network")


def test_a_refused_login_without_a_number_of_its_own_keeps_snowflakes_words():
    found = refused(DatabaseError(msg="Failed to connect to DB. Incorrect username or password.", errno=250001))
    assert found.reason.startswith("Snowflake refuses the login of the connection snowflake_meta")
    assert found.reason.endswith("(Failed to connect to DB. Incorrect username or password.)")


def test_a_connection_that_airflow_does_not_have_is_named():
    found = refused(AirflowNotFoundException("The conn_id `snowflake_meta` isn't defined"))
    assert found.reason.startswith(
        "Airflow has no connection snowflake_meta: make it as docs/how-to/snowflake-account.md says."
    )


def test_an_error_of_ours_says_its_own_words():
    found = refused(WrongColumns("The statement of a.sql gives no column `x`: correct its header."))
    assert found == Refusal(State.FAILED, "The statement of a.sql gives no column `x`: correct its header.")


def test_an_endless_error_is_cut():
    assert len(refused(sql_error(100, "x" * 10_000)).reason) < 500
