"""Roles, warehouses, users, databases and grants are kept as they were declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from tests.contracts.warehouse.connections import listed, rows, value


@pytest.fixture
def role(session: SnowflakeConnection, schema: str) -> Iterator[str]:
    name = f"ROLE_{schema}"
    rows(session, f"create role {name} comment = 'it''s for tests'")
    yield name
    rows(session, f"drop role if exists {name}")


def privileges(session: SnowflakeConnection, object_name: str) -> set[tuple[str, str]]:
    return {(row["privilege"], row["grantee_name"]) for row in listed(session, f"show grants on {object_name}")}


def test_roles_are_made_listed_renamed_and_dropped(session: SnowflakeConnection, role: str) -> None:
    (found,) = listed(session, f"show roles like '{role}'")
    assert (found["name"], found["comment"]) == (role, "it's for tests")
    rows(session, f"create role if not exists {role}")
    with pytest.raises(ProgrammingError, match="already exists"):
        rows(session, f"create role {role}")
    rows(session, f"alter role {role} rename to {role}_NEW")
    assert listed(session, f"show roles like '{role}'") == []
    rows(session, f"drop role {role}_NEW")
    rows(session, f"drop role if exists {role}_NEW")
    with pytest.raises(ProgrammingError, match="does not exist"):
        rows(session, f"drop role {role}_NEW")


def test_a_warehouse_keeps_what_it_was_given(session: SnowflakeConnection, schema: str) -> None:
    name = f"WH_{schema}"
    rows(session, f"create warehouse {name} warehouse_size = xsmall auto_suspend = 60 comment = 'loads'")
    rows(session, f"alter warehouse {name} set warehouse_size = 'LARGE', auto_suspend = 120")
    rows(session, f"alter warehouse {name} suspend")
    (found,) = listed(session, f"show warehouses like '{name}'")
    assert (found["size"], found["auto_suspend"], found["state"], found["comment"]) == (
        "Large",
        "120",
        "SUSPENDED",
        "loads",
    )
    rows(session, f"drop warehouse {name}")
    assert listed(session, f"show warehouses like '{name}'") == []


def test_a_user_logs_in_with_its_defaults_and_its_secrets_are_not_kept(session: SnowflakeConnection, role: str) -> None:
    user = f"USER_{role}"
    rows(session, f"create user {user} password = 'secret-word' default_role = {role} type = service")
    rows(session, f"grant role {role} to user {user}")
    (found,) = listed(session, f"show users like '{user}'")
    assert (found["default_role"], found["type"]) == (role, "SERVICE")
    assert [row["grantee_name"] for row in listed(session, f"show grants of role {role}")] == [user]
    assert "secret-word" not in str(listed(session, "show users"))
    rows(session, f"drop user {user}")


def test_grants_on_a_table_are_given_taken_and_gone_with_it(
    session: SnowflakeConnection, schema: str, role: str
) -> None:
    table = f"CONTRACTS.{schema}.T"
    rows(session, "create table t (x int)")
    rows(session, f"grant select, insert on table {table} to role {role}")
    assert privileges(session, f"table {table}") == {("SELECT", role), ("INSERT", role)}
    rows(session, f"revoke insert on table {table} from role {role}")
    assert privileges(session, "table t") == {("SELECT", role)}
    rows(session, "alter table t rename to u")
    assert privileges(session, "table u") == {("SELECT", role)}
    rows(session, "create or replace table u copy grants as select 1 as x")
    assert privileges(session, "table u") == {("SELECT", role)}
    rows(session, "create or replace table u as select 1 as x")
    assert privileges(session, "table u") == set()


def test_future_grants_apply_to_what_is_made_later(session: SnowflakeConnection, schema: str, role: str) -> None:
    rows(session, "create table before (x int)")
    rows(session, f"grant select on future tables in schema CONTRACTS.{schema} to role {role}")
    rows(session, f"grant select on future views in database CONTRACTS to role {role}")
    rows(session, "create table after (x int)")
    rows(session, "create view seen as select x from after")
    assert privileges(session, "table before") == set()
    assert privileges(session, "table after") == {("SELECT", role)}
    assert privileges(session, "view seen") == {("SELECT", role)}
    (future,) = listed(session, f"show future grants in schema CONTRACTS.{schema}")
    assert (future["privilege"], future["grant_on"], future["grantee_name"]) == ("SELECT", "TABLE", role)
    rows(session, f"revoke select on future tables in schema CONTRACTS.{schema} from role {role}")
    rows(session, "create table last (x int)")
    assert privileges(session, "table last") == set()


def test_all_means_all_that_there_are(session: SnowflakeConnection, schema: str, role: str) -> None:
    rows(session, "create table a (x int)")
    rows(session, "create table b (x int)")
    rows(session, f"grant select on all tables in schema CONTRACTS.{schema} to role {role}")
    rows(session, f"grant all privileges on schema CONTRACTS.{schema} to role {role}")
    rows(session, f"grant usage, create schema on database CONTRACTS to role {role}")
    held = {(row["privilege"], row["name"]) for row in listed(session, f"show grants to role {role}")}
    assert {("SELECT", f"CONTRACTS.{schema}.A"), ("SELECT", f"CONTRACTS.{schema}.B")} <= held
    assert {("CREATE TABLE", f"CONTRACTS.{schema}"), ("CREATE SCHEMA", "CONTRACTS")} <= held


def test_a_grant_to_a_role_that_does_not_exist_is_refused(session: SnowflakeConnection) -> None:
    rows(session, "create table t (x int)")
    with pytest.raises(ProgrammingError, match="Role 'NOBODY' does not exist or not authorized"):
        rows(session, "grant select on table t to role NOBODY")


def test_a_database_comes_with_public_and_goes_with_everything(session: SnowflakeConnection, schema: str) -> None:
    name = f"DB_{schema}"
    rows(session, f"create transient database {name} comment = 'short-lived'")
    assert rows(session, "select current_database(), current_schema()") == [(name, "PUBLIC")]
    rows(session, "create table t (x int)")
    (found,) = listed(session, f"show databases like '{name}'")
    assert (found["comment"], found["is_current"]) == ("short-lived", "Y")
    rows(session, f"create database if not exists {name}")
    assert value(session, f"select count(*) from {name}.PUBLIC.T") == 0
    rows(session, f"drop database {name}")
    assert listed(session, f"show databases like '{name}'") == []
    rows(session, f"create database {name}")
    with pytest.raises(ProgrammingError, match="does not exist"):
        rows(session, f"select * from {name}.PUBLIC.T")
    rows(session, f"drop database {name}")


def test_comments_belong_to_their_object(session: SnowflakeConnection) -> None:
    rows(session, "create table t (id int comment 'the row''s id', x varchar(10)) comment = 'it''s a table'")
    rows(session, "comment on column t.x is $$that's x$$")
    read = (
        "select column_name, comment, character_maximum_length from information_schema.columns "
        "where table_name = 'T' order by 1"
    )
    assert rows(session, read) == [("ID", "the row's id", None), ("X", "that's x", 10)]
    assert listed(session, "show tables like 't'")[0]["comment"] == "it's a table"
    rows(session, "create or replace table t (id int)")
    assert listed(session, "show tables like 't'")[0]["comment"] == ""
    rows(session, "create view v (id comment 'shown') comment = 'a view' as select id from t")
    assert rows(session, "select table_type, comment from information_schema.tables where table_name = 'V'") == [
        ("VIEW", "a view")
    ]


def test_tables_swap_and_clone(session: SnowflakeConnection) -> None:
    rows(session, "create table a as select 'a' as x")
    rows(session, "create table b as select 'b' as x")
    rows(session, "alter table a swap with b")
    assert (value(session, "select x from a"), value(session, "select x from b")) == ("b", "a")
    rows(session, "create or replace transient table c clone a")
    rows(session, "delete from a")
    assert value(session, "select x from c") == "b"
