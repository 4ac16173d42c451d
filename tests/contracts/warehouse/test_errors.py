"""A statement that fails says so at once, in Snowflake's words, and the session goes on."""

from __future__ import annotations

import logging

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

from tests.contracts.warehouse.connections import connect, rows, value
from tests.standins import Standin

MISTAKES = [
    (
        "select * from missing_table",
        2003,
        "42S02",
        r"Object 'CONTRACTS\.\w+\.MISSING_TABLE' does not exist or not auth",
    ),
    ("select * from CONTRACTS.NOWHERE.T", 2003, "02000", r"Schema 'CONTRACTS\.NOWHERE' does not exist or not auth"),
    ("show objects in CONTRACTS.NOWHERE", 2043, "02000", r"Object does not exist, or operation cannot be performed"),
    ("describe table missing_table", 2003, "42S02", r"MISSING_TABLE' does not exist or not authorized"),
    ("drop table missing_table", 2003, "42S02", r"MISSING_TABLE' does not exist or not authorized"),
    ("drop database MISSING_DB", 2003, "02000", r"Database 'MISSING_DB' does not exist or not authorized"),
    ("create table existing (x int)", 2002, "42710", r"Object 'CONTRACTS\.\w+\.EXISTING' already exists"),
    ("create database CONTRACTS", 2002, "42710", r"Object 'CONTRACTS' already exists"),
    ("selec 1", 1003, "42000", r"syntax error"),
    ("select missing_column from existing", 904, "42000", r"invalid identifier 'MISSING_COLUMN'"),
    ("select missing_function(1)", 2140, "42601", r"Unknown function MISSING_FUNCTION"),
    ("select 'abc'::number", 100038, "22018", r"Numeric value 'abc' is not recognized"),
    ("insert into strict_table values (null)", 100072, "22000", r"NULL result in a non-nullable column"),
    (
        "merge into existing t using (select 1 as x union all select 1) s on t.x = s.x "
        "when matched then update set x = 2",
        100090,
        "42P18",
        r"Duplicate row detected during DML action",
    ),
]


@pytest.mark.parametrize(("statement", "code", "sqlstate", "message"), MISTAKES, ids=[m[0][:40] for m in MISTAKES])
def test_common_mistakes_have_snowflakes_codes(
    session: SnowflakeConnection, statement: str, code: int, sqlstate: str, message: str
) -> None:
    rows(session, "create table existing as select 1 as x")
    rows(session, "create table strict_table (x int not null)")
    with pytest.raises(DatabaseError, match=message) as raised:
        rows(session, statement)
    assert (raised.value.errno, raised.value.sqlstate) == (code, sqlstate)
    assert f"Statement: {statement}"[:60] in str(raised.value)
    assert value(session, "select 1") == 1


UNSUPPORTED = [
    "create task t schedule = '1 minute' as select 1",
    "call some_procedure()",
    "execute immediate $$ begin return 1; end $$",
    "undrop table gone",
    "create masking policy p as (v string) returns string -> v",
    "explain select 1",
    "copy into @some_stage from (select 1)",
    "create schema copied clone PUBLIC",
]


@pytest.mark.parametrize("statement", UNSUPPORTED)
def test_what_the_local_warehouse_cannot_do_is_an_sql_error_that_names_it(
    server: Standin, session: SnowflakeConnection, statement: str
) -> None:
    with pytest.raises(ProgrammingError) as raised:
        rows(session, statement)
    assert statement[:40].rstrip() in str(raised.value)
    # The log names it too, so that a person can find what a client hid.
    assert statement[:40].rstrip() in server.log.read_text()


@pytest.mark.parametrize(
    "body", ["{}", "not json", '{"sqlText": null}', '{"sqlText": "select ?", "bindings": {"1": 5}}']
)
def test_a_request_that_makes_no_sense_is_not_answered_with_a_5xx(server: Standin, body: str) -> None:
    import ssl

    import httpx

    context = ssl.create_default_context(cafile=str(server.ca_bundle))
    with connect(server) as connection, httpx.Client(verify=context) as client:
        answer = client.post(
            f"{server.url}/queries/v1/query-request?requestId=1",
            content=body,
            headers={"Authorization": f'Snowflake Token="{connection.rest.token}"'},
        )
    assert answer.status_code == 200
    assert answer.json()["success"] is False


def test_several_statements_need_to_be_announced(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match="Actual statement count 2 did not match the desired statement count 1"):
        rows(session, "select 1; select 2")
    cursor = session.cursor()
    cursor.execute(
        "create table made (x int); insert into made values (1), (2); select x as y from made", num_statements=0
    )
    results = [cursor.fetchall()]
    while cursor.nextset():
        results.append(cursor.fetchall())
    assert results[1:] == [[(2,)], [(1,), (2,)]]
    assert cursor.execute("select ';' as a; select 2 as b; -- the end", num_statements=2).fetchall() == [(";",)]


def test_the_statements_before_a_failing_one_stay_done(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match="MISSING"):
        session.cursor().execute("create table kept (x int); select * from missing; select 1", num_statements=0)
    assert value(session, "select count(*) from kept") == 0


def test_a_session_the_server_does_not_know_ends_with_an_error(server: Standin) -> None:
    logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
    connection = connect(server)
    connection.rest._token = "forgotten"
    with pytest.raises(Exception, match="Session no longer exists"):
        rows(connection, "select 1")
