"""Transactions, and sessions that write at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.contracts.warehouse.connections import connect, rows, value
from tests.standins import Standin


@pytest.fixture
def other(server: Standin, schema: str) -> Iterator[SnowflakeConnection]:
    with connect(server, database="CONTRACTS", schema=schema) as connection:
        yield connection


def test_nobody_sees_what_is_not_committed(session: SnowflakeConnection, other: SnowflakeConnection) -> None:
    rows(session, "create table t (x int)")
    rows(session, "begin")
    rows(session, "insert into t values (1)")
    assert (value(session, "select count(*) from t"), value(other, "select count(*) from t")) == (1, 0)
    rows(session, "rollback")
    rows(session, "begin")
    rows(session, "insert into t values (2)")
    rows(session, "commit")
    assert rows(other, "select x from t") == [(2,)]


def test_without_autocommit_a_transaction_begins_by_itself(
    session: SnowflakeConnection, other: SnowflakeConnection
) -> None:
    rows(session, "create table t (x int)")
    session.autocommit(False)
    rows(session, "insert into t values (1)")
    assert value(other, "select count(*) from t") == 0
    session.rollback()
    rows(session, "insert into t values (2)")
    session.commit()
    assert rows(other, "select x from t") == [(2,)]


def test_ddl_commits_what_is_open(session: SnowflakeConnection, other: SnowflakeConnection) -> None:
    rows(session, "create table t (x int)")
    rows(session, "begin")
    rows(session, "insert into t values (1)")
    rows(session, "create table u (x int)")
    assert rows(other, "select x from t") == [(1,)]
    rows(session, "rollback")
    assert rows(other, "select x from t") == [(1,)]


def test_a_transaction_is_usable_after_a_failed_statement_which_says_what_was_lost(
    session: SnowflakeConnection,
) -> None:
    rows(session, "create table t (x int)")
    rows(session, "begin")
    rows(session, "insert into t values (1)")
    with pytest.raises(ProgrammingError, match="rolled back the open transaction and begun a new one"):
        rows(session, "select * from missing")
    rows(session, "insert into t values (2)")
    rows(session, "rollback")
    assert value(session, "select count(*) from t") == 0
    rows(session, "insert into t values (3)")
    assert rows(session, "select x from t") == [(3,)]


def test_a_failing_statement_of_several_steps_changes_nothing(session: SnowflakeConnection) -> None:
    rows(session, "create table t as select 1 as x")
    with pytest.raises(ProgrammingError):
        rows(session, "insert overwrite into t select 'not a number'::number")
    assert rows(session, "select x from t") == [(1,)]


def test_eight_sessions_write_and_define_at_the_same_time(server: Standin, schema: str) -> None:
    with connect(server, database="CONTRACTS", schema=schema) as first:
        rows(first, "create table shared as select seq4() as id, 0 as hits from table(generator(rowcount => 4))")

    def work(number: int) -> int:
        with connect(server, database="CONTRACTS", schema=schema) as connection:
            for turn in range(6):
                rows(connection, f"create or replace table own_{number} as select {turn} as turn")
                rows(connection, f"create or replace view own_view_{number} as select * from own_{number}")
                rows(connection, f"insert into own_{number} values ({turn})")
                rows(
                    connection,
                    "merge into shared t using (select seq4() as id from table(generator(rowcount => 4))) s "
                    "on t.id = s.id when matched then update set hits = t.hits + 1",
                )
            return int(value(connection, f"select count(*) from own_view_{number}"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [2] * 8
    with connect(server, database="CONTRACTS", schema=schema) as last:
        assert rows(last, "select id, hits from shared order by id") == [(n, 48) for n in range(4)]


def test_several_sessions_make_the_same_schema(server: Standin) -> None:
    def work(_: int) -> None:
        with connect(server) as connection:
            rows(connection, "create database if not exists SHARED_DB")
            rows(connection, "create schema if not exists SHARED_DB.TOGETHER")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    with connect(server) as connection:
        found = rows(
            connection, "select count(*) from SHARED_DB.information_schema.schemata where schema_name = 'TOGETHER'"
        )
    assert found == [(1,)]


def test_a_statement_can_be_cancelled(session: SnowflakeConnection) -> None:
    with pytest.raises(ProgrammingError, match="cancel"):
        session.cursor().execute("select count(*) from range(100000000) a, range(100000000) b", timeout=1)
    assert value(session, "select 1") == 1


def test_a_table_is_written_while_others_say_again_what_it_is(server: Standin, schema: str) -> None:
    define = "create table if not exists told (turn int comment 'counted from 0') comment = 'written by many'"

    def work(number: int) -> None:
        with connect(server, database="CONTRACTS", schema=schema) as connection:
            for turn in range(12):
                rows(connection, define)
                rows(connection, f"insert into told values ({turn})")
                rows(connection, f"comment on table told is 'written by {number}'")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    with connect(server, database="CONTRACTS", schema=schema) as last:
        assert rows(last, "select count(*) from told") == [(96,)]
