"""What a session knows about itself, and what it may change."""

from __future__ import annotations

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.standins import Standin


def test_a_session_stands_where_its_login_asked(server: Standin, schema: str) -> None:
    with connect(server, role="sysadmin", warehouse="compute_wh", database="contracts", schema=schema) as connection:
        found = rows(
            connection,
            "select current_user(), current_role(), current_warehouse(), current_database(), current_schema(), "
            "current_account()",
        )
        assert found == [("TESTER", "SYSADMIN", "COMPUTE_WH", "CONTRACTS", schema, "LOCAL")]
        assert value(connection, "select current_session()") == str(connection.session_id)
        assert (connection.role, connection.warehouse) == ("SYSADMIN", "COMPUTE_WH")
        assert (connection.database, connection.schema) == ("CONTRACTS", schema)


def test_use_is_remembered_by_the_session_alone(server: Standin, session: SnowflakeConnection) -> None:
    rows(session, "create role if not exists ANALYST")
    rows(session, "create warehouse if not exists SMALL_WH warehouse_size = 'SMALL'")
    for statement in ("use role ANALYST", "use warehouse SMALL_WH", "use database CONTRACTS"):
        rows(session, statement)
    state = "select current_role(), current_warehouse(), current_schema()"
    assert rows(session, state) == [("ANALYST", "SMALL_WH", "PUBLIC")]
    with connect(server) as other:
        assert rows(other, state) == [("ACCOUNTADMIN", None, None)]


@pytest.mark.parametrize("statement", ["use role NOBODY", "use warehouse NOWHERE", "use database NOTHING"])
def test_use_of_what_does_not_exist_is_refused(session: SnowflakeConnection, statement: str) -> None:
    with pytest.raises(ProgrammingError, match="does not exist"):
        rows(session, statement)


def test_session_parameters_are_shown_set_and_unset(session: SnowflakeConnection) -> None:
    show = "show parameters like 'query_tag' in session"
    assert [row["value"] for row in listed(session, show)] == [""]
    rows(session, "alter session set query_tag = '{\"dag\": \"it''s\"}'")
    assert [row["value"] for row in listed(session, show)] == ['{"dag": "it\'s"}']
    rows(session, "alter session unset query_tag")
    assert [row["value"] for row in listed(session, show)] == [""]


def test_a_query_tag_given_at_login_is_shown(server: Standin) -> None:
    with connect(server, session_parameters={"QUERY_TAG": "from-login"}) as connection:
        assert listed(connection, "show parameters like 'query_tag'")[0]["value"] == "from-login"


def test_a_login_with_a_database_alone_stands_in_public(server: Standin) -> None:
    with connect(server, database="CONTRACTS") as connection:
        assert rows(connection, "select current_database(), current_schema()") == [("CONTRACTS", "PUBLIC")]


def test_a_login_without_a_database_has_none(server: Standin) -> None:
    with connect(server, database="NOT_MADE_YET") as connection:
        assert value(connection, "select current_database()") is None
        with pytest.raises(ProgrammingError, match="does not have a current database"):
            rows(connection, "select * from some_table")


def test_flatten_works_in_a_session_without_a_database(server: Standin) -> None:
    sql = "select f.value:id::int from (select parse_json('[{\"id\": 7}]') as j) t, lateral flatten(input => t.j) f"
    with connect(server) as connection:
        assert rows(connection, sql) == [(7,)]


def test_a_temporary_table_has_a_full_name_and_goes_with_its_session(
    server: Standin, schema: str, session: SnowflakeConnection
) -> None:
    name = f"CONTRACTS.{schema}.SCRATCH"
    with connect(server) as first:
        rows(first, f"create or replace temporary table {name} as select 1 as x")
        assert rows(first, f"select x from {name}") == [(1,)]
        rows(first, f"create or replace temporary table {name} as select 2 as x")
        assert rows(first, f"select x from {name}") == [(2,)]
    with pytest.raises(ProgrammingError, match="does not exist"):
        rows(session, f"select x from {name}")


def test_a_temporary_table_never_takes_the_place_of_a_permanent_one(session: SnowflakeConnection) -> None:
    rows(session, "create table precious as select 1 as x")
    with pytest.raises(ProgrammingError, match="no temporary table that would hide"):
        rows(session, "create or replace temporary table precious as select 2 as x")
    assert rows(session, "select x from precious") == [(1,)]


def test_variables_are_filled_in_but_not_inside_text(session: SnowflakeConnection) -> None:
    rows(session, "set threshold = 3")
    assert value(session, "select $threshold + 1") == 4
    rows(session, 'create table events ("$INSERT_ID" varchar)')
    assert value(session, 'select count("$INSERT_ID") from events') == 0
    assert value(session, "select 'costs $threshold or $5 or $unknown'") == "costs $threshold or $5 or $unknown"
