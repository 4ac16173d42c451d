"""SNOWFLAKE.ACCOUNT_USAGE and the table functions as a client finds them: documented columns, from what really ran."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.errors import ProgrammingError

from include.metalayer import contract
from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.standins import Standin, start

CONTRACT = contract.load()
VIEWS = [view for view in CONTRACT.values() if not view.arguments]
FUNCTIONS = [view for view in CONTRACT.values() if view.arguments]
# What a call must say.
REQUIRED = {
    "COPY_HISTORY": "table_name => 'NONE', start_time => dateadd('hour', -1, current_timestamp())",
    "WAREHOUSE_METERING_HISTORY": "dateadd('day', -1, current_date())",
    "WAREHOUSE_LOAD_HISTORY": "warehouse_name => 'NONE'",
}
CLIENT_TYPES = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}


def client_type(kind: str) -> tuple[str, int | None]:
    """The connector's name of a contract's type, and its scale if it is a number."""
    family, _, digits = kind.partition("(")
    scale = int(digits.rstrip(")").split(",")[1]) if digits else 0
    return CLIENT_TYPES.get(family, family), scale if family == "NUMBER" else None


def found(connection: SnowflakeConnection, sql: str) -> list[tuple[str, tuple[str, int | None]]]:
    """Name and type of each column of a result, as the client has them."""
    cursor = connection.cursor()
    cursor.execute(sql)
    names = [FIELD_ID_TO_NAME[column.type_code] for column in cursor.description]
    return [
        (column.name, (name, column.scale if name == "FIXED" else None))
        for column, name in zip(cursor.description, names, strict=True)
    ]


def documented(view: contract.View) -> list[tuple[str, tuple[str, int | None]]]:
    return [(name, client_type(kind)) for name, kind in view.columns.items()]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_just_the_documented_columns(session: SnowflakeConnection, view: contract.View) -> None:
    assert found(session, f"select * from snowflake.{view.view} limit 1") == documented(view)


@pytest.mark.parametrize("view", FUNCTIONS, ids=lambda view: view.name)
def test_a_table_function_has_just_the_documented_columns(session: SnowflakeConnection, view: contract.View) -> None:
    call = f"contracts.information_schema.{view.name}({REQUIRED.get(view.name, '')})"
    assert found(session, f"select * from table({call}) limit 1") == documented(view)


def test_describe_names_the_documented_types(session: SnowflakeConnection) -> None:
    columns = listed(session, "describe view snowflake.account_usage.access_history")
    described = {column["name"]: column["type"] for column in columns}
    assert described["QUERY_ID"].startswith("VARCHAR")
    assert described["QUERY_START_TIME"].startswith("TIMESTAMP_LTZ")
    assert described["BASE_OBJECTS_ACCESSED"] == "ARRAY"
    assert list(described) == list(CONTRACT["ACCOUNT_USAGE.ACCESS_HISTORY"].columns)


def test_the_database_is_found_however_it_is_spelled(session: SnowflakeConnection) -> None:
    for name in ("SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY", "snowflake.Account_Usage.query_history"):
        assert value(session, f"select count(*) from {name}") > 0


def test_a_view_that_is_not_there_is_refused_as_in_snowflake(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match=r"(?s)002003 .*SNOWFLAKE.ACCOUNT_USAGE.PETS' does not exist"):
        session.cursor().execute("select * from snowflake.account_usage.pets")


def test_nobody_can_make_a_database_of_that_name(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match="SNOWFLAKE"):
        session.cursor().execute("create database snowflake")


def test_objects_accessed_open_as_snowflakes_arrays_do(session: SnowflakeConnection, schema: str) -> None:
    for statement in (
        "create table PETS (id int, name varchar)",
        "create view NAMES as select name from PETS",
        "select name from NAMES /* the reading */",
    ):
        session.cursor().execute(statement)
    opened = rows(
        session,
        """
        select history.query_id, base.value:objectName::varchar, base.value:objectDomain::varchar,
            history.direct_objects_accessed[0]:objectName::varchar
        from snowflake.account_usage.access_history as history
        inner join snowflake.account_usage.query_history as queries on history.query_id = queries.query_id,
            lateral flatten(input => history.base_objects_accessed) as base
        where queries.query_text like 'select name from NAMES%%'
            and queries.schema_name = %s
        """,
        (schema,),
    )
    assert [row[1:] for row in opened] == [(f"CONTRACTS.{schema}.PETS", "Table", f"CONTRACTS.{schema}.NAMES")]


def test_a_rebuilt_table_is_a_version_that_ended_and_one_that_lives(session: SnowflakeConnection, schema: str) -> None:
    for _ in range(2):
        session.cursor().execute("create or replace table PETS as select 1 as id")
    versions = rows(
        session,
        "select table_id, created, deleted from snowflake.account_usage.tables "
        "where table_schema = %s and table_name = 'PETS' order by created",
        (schema,),
    )
    (first, _, ended), (second, begun, living) = versions
    assert first != second
    assert ended <= begun
    assert living is None
    storage = rows(
        session,
        "select id, deleted, is_transient, table_dropped from snowflake.account_usage.table_storage_metrics "
        "where table_schema = %s and table_name = 'PETS' order by table_created",
        (schema,),
    )
    assert storage == [(first, True, "NO", ended), (second, False, "NO", None)]


def test_rows_changed_are_counted_by_table_and_hour(session: SnowflakeConnection, schema: str) -> None:
    for statement in (
        "create table PETS (id int)",
        "insert into PETS values (1), (2), (3)",
        "update PETS set id = 9 where id = 1",
        "delete from PETS where id = 2",
    ):
        session.cursor().execute(statement)
    changed = rows(
        session,
        "select sum(rows_added), sum(rows_updated), sum(rows_removed) from snowflake.account_usage.table_dml_history "
        "where schema_name = %s and table_name = 'PETS'",
        (schema,),
    )
    assert changed == [(3, 1, 1)]


def test_what_a_view_stands_on_is_a_dependency(session: SnowflakeConnection, schema: str) -> None:
    session.cursor().execute("create table PETS (id int)")
    session.cursor().execute("create view NAMES as select id from PETS")
    assert rows(
        session,
        "select referenced_object_name, referenced_object_domain, referencing_object_name, referencing_object_domain "
        "from snowflake.account_usage.object_dependencies where referencing_schema = %s",
        (schema,),
    ) == [("PETS", "TABLE", "NAMES", "VIEW")]


def test_users_roles_and_their_grants_are_listed(session: SnowflakeConnection) -> None:
    for statement in (
        "create role if not exists KEEPER",
        "create user if not exists ROBOT type = service default_role = KEEPER disabled = true",
        "grant role KEEPER to user ROBOT",
        "grant usage on database CONTRACTS to role KEEPER",
    ):
        session.cursor().execute(statement)
    assert rows(
        session,
        "select type, disabled::varchar, default_role, has_password from snowflake.account_usage.users "
        "where name = 'ROBOT' and deleted_on is null",
    ) == [("SERVICE", "true", "KEEPER", None)]
    assert rows(
        session,
        "select role, grantee_name from snowflake.account_usage.grants_to_users where role = 'KEEPER'",
    ) == [("KEEPER", "ROBOT")]
    assert rows(
        session,
        "select privilege, granted_on, name from snowflake.account_usage.grants_to_roles where grantee_name = 'KEEPER'",
    ) == [("USAGE", "DATABASE", "CONTRACTS")]


def test_logins_and_sessions_name_who_came(server: Standin, session: SnowflakeConnection) -> None:
    visit = connect(server, user="visitor")
    identity = value(visit, "select current_session()")
    visit.close(retry=False)
    assert rows(
        session,
        "select s.user_name, s.is_open, s.closed_reason, l.is_success from snowflake.account_usage.sessions s "
        "inner join snowflake.account_usage.login_history l on l.event_id = s.login_event_id where s.session_id = %s",
        (int(identity),),
    ) == [("VISITOR", False, "LOGOUT", "YES")]


HISTORY = "contracts.information_schema.query_history"


def test_a_running_statement_is_seen_while_it_runs(server: Standin, session: SnowflakeConnection) -> None:
    text = "select count(*) from range(100000000) a, range(100000000) b /* it never ends */"
    running = f"select execution_status, end_time, user_name from table({HISTORY}()) where query_text = %s"
    ended = f"select count(*) from table({HISTORY}(end_time_range_end => current_timestamp())) where query_text = %s"

    def run_until_cancelled() -> None:
        with pytest.raises(ProgrammingError):
            other.cursor().execute(text, timeout=3)

    with connect(server, user="patient", database="CONTRACTS") as other:
        waiting = threading.Thread(target=run_until_cancelled)
        waiting.start()
        seen: list[tuple[Any, ...]] = []
        while waiting.is_alive() and not seen:
            seen = rows(session, running, (text,))
        hidden = value(session, ended, (text,))
        waiting.join()
    assert seen == [("RUNNING", datetime(1970, 1, 1, tzinfo=UTC), "PATIENT")]
    assert hidden == 0
    assert [row[0] for row in rows(session, running, (text,))] == ["FAILED_WITH_ERROR"]
    assert value(session, ended, (text,)) == 1
    assert rows(
        session,
        "select execution_status, error_message from snowflake.account_usage.query_history where query_text = %s",
        (text,),
    ) == [("FAIL", "SQL execution canceled")]


def test_the_limit_of_a_function_comes_before_the_filter(session: SnowflakeConnection) -> None:
    session.cursor().execute("select 'before the limit'")
    for number in range(3):
        session.cursor().execute(f"select {number}")
    kept = "select count(*) from table({}_by_session(result_limit => {})) where query_text like 'select ''before%'"
    assert value(session, kept.format(HISTORY, 2)) == 0
    assert value(session, kept.format(HISTORY, 20)) == 1


def test_a_functions_default_is_a_hundred_rows(session: SnowflakeConnection) -> None:
    for number in range(101):
        session.cursor().execute(f"select {number}")
    assert value(session, f"select count(*) from table({HISTORY}_by_session())") == 100
    assert value(session, f"select count(*) from table({HISTORY}_by_session(result_limit => 10000))") > 101


def test_the_kin_of_a_function_keep_to_their_own(server: Standin, session: SnowflakeConnection) -> None:
    text = "select count(*) from table({}({})) where query_text = 'select ''somewhere else'''"
    with connect(server, user="someone", warehouse="ELSEWHERE") as other:
        other.cursor().execute("select 'somewhere else'")
        assert value(other, text.format(f"{HISTORY}_by_user", "")) == 1
        assert value(other, text.format(f"{HISTORY}_by_warehouse", "")) == 1
    assert value(session, text.format(f"{HISTORY}_by_user", "")) == 0
    assert value(session, text.format(f"{HISTORY}_by_user", "user_name => 'someone'")) == 1
    assert value(session, text.format(f"{HISTORY}_by_warehouse", "warehouse_name => 'elsewhere'")) == 1
    assert value(session, text.format(f"{HISTORY}_by_warehouse", "warehouse_name => 'OTHER'")) == 0


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("query_history(limit => 5)", "Invalid argument name LIMIT"),
        ("query_history(result_limit => 10001)", "Invalid value 10001 for RESULT_LIMIT"),
        ("query_history(null, null, 5, false, 1)", "Too many arguments"),
        ("warehouse_metering_history()", "Missing argument DATE_RANGE_START"),
        ("pet_history()", "Unknown table function"),
    ],
)
def test_a_wrong_call_of_a_function_says_what_is_wrong(session: SnowflakeConnection, call: str, said: str) -> None:
    with pytest.raises(ProgrammingError, match=said):
        session.cursor().execute(f"select * from table(contracts.information_schema.{call})")


def test_a_function_of_more_than_a_week_ago_is_refused(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match="7 days"):
        session.cursor().execute(
            f"select * from table({HISTORY}(end_time_range_start => dateadd('day', -8, current_timestamp())))"
        )


def test_a_function_needs_a_database(server: Standin) -> None:
    with connect(server) as nowhere, pytest.raises(ProgrammingError, match="current database"):
        nowhere.cursor().execute("select * from table(information_schema.query_history())")


@pytest.fixture(scope="module")
def strict() -> Iterator[Standin]:
    """Standard edition, an hour late, and grants count."""
    environment = {
        "WAREHOUSE_EDITION": "standard",
        "WAREHOUSE_LATENCY": "60",
        "WAREHOUSE_ENFORCE_SNOWFLAKE_GRANTS": "true",
    }
    standin = start("warehouse", env=environment)
    with connect(standin) as connection:
        for statement in (
            "create database CONTRACTS",
            "create table CONTRACTS.PUBLIC.PETS as select 1 as id",
            "select id from CONTRACTS.PUBLIC.PETS",
            "create role READER",
            "create role WATCHER",
            "create role HEIR",
            "grant role READER to role HEIR",
            "grant database role SNOWFLAKE.USAGE_VIEWER to role READER",
            "create warehouse WATCHED",
            "grant monitor on warehouse WATCHED to role WATCHER",
        ):
            connection.cursor().execute(statement)
    yield standin
    standin.stop()


def test_standard_edition_has_an_empty_access_history(strict: Standin) -> None:
    with connect(strict) as connection:
        assert rows(connection, "select query_id from snowflake.account_usage.access_history") == []


def test_what_is_younger_than_the_latency_is_not_shown_yet(strict: Standin) -> None:
    with connect(strict) as connection:
        for view in ("query_history", "tables", "login_history", "users", "sessions"):
            assert value(connection, f"select count(*) from snowflake.account_usage.{view}") == 0, view
        assert value(connection, f"select count(*) from table({HISTORY}())") > 0


def test_a_role_without_the_database_role_finds_no_such_view(strict: Standin) -> None:
    with connect(strict, role="READER") as reader:
        reader.cursor().execute("select count(*) from snowflake.account_usage.warehouse_metering_history")
        with pytest.raises(ProgrammingError) as refusal:
            reader.cursor().execute("select count(*) from snowflake.account_usage.query_history")
        reader.cursor().execute("use role WATCHER")
        with pytest.raises(ProgrammingError, match="002003"):
            reader.cursor().execute("describe view snowflake.account_usage.warehouse_metering_history")
    assert refusal.value.errno == 2003
    assert "Object 'SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY' does not exist or not authorized." in str(refusal.value)


def test_a_role_has_what_the_roles_granted_to_it_have(strict: Standin) -> None:
    with connect(strict, role="HEIR") as heir:
        heir.cursor().execute("select count(*) from snowflake.account_usage.warehouse_metering_history")


def test_others_statements_are_seen_on_warehouses_that_the_role_may_monitor(strict: Standin) -> None:
    with connect(strict, user="worker", warehouse="WATCHED") as worker:
        worker.cursor().execute("select 'on a watched warehouse'")
        worker.cursor().execute("use warehouse COMPUTE_WH")
        worker.cursor().execute("select 'on another warehouse'")
    seen = f"select query_text from table({HISTORY}()) where query_text like 'select ''on a%' order by start_time"
    with connect(strict, user="guard", role="WATCHER") as guard:
        assert rows(guard, seen) == [("select 'on a watched warehouse'",)]
    with connect(strict, user="guest", role="READER") as guest:
        assert rows(guest, seen) == []
    with connect(strict, user="worker", role="READER") as worker:
        assert len(rows(worker, seen)) == 2


@pytest.mark.parametrize(("flag", "wrong"), [("--edition", "gold"), ("--latency", "soon")])
def test_a_wrong_switch_is_refused_at_the_start(flag: str, wrong: str) -> None:
    with pytest.raises(RuntimeError, match=f"{flag} {wrong}: choose"):
        start("warehouse", flag, wrong)
