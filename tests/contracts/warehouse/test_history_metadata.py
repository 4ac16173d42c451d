"""SHOW and the information schema tell who made an object, when it changed and how big it is; dbt builds on it."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection

from tests.contracts.warehouse.connections import connect, listed, rows
from tests.standins import Standin

PROJECT = """
name: freshness
version: "1.0"
profile: contract
"""
SOURCES = """
sources:
  - name: shop
    database: CONTRACTS
    schema: "{schema}"
    config:
      freshness:
        warn_after: {{count: 12, period: hour}}
    tables:
      - name: ORDERS
"""


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def table_row(session: SnowflakeConnection, name: str) -> tuple[datetime.datetime, datetime.datetime, int, str]:
    """CREATED, LAST_ALTERED, ROW_COUNT and TABLE_OWNER."""
    sql = "select created, last_altered, row_count, table_owner from information_schema.tables where table_name = %s"
    (found,) = [row for row in rows(session, f"{sql} and table_schema = current_schema()", (name,))]
    return found


def test_dates_and_rows_of_a_table_follow_what_happens_to_it(session: SnowflakeConnection) -> None:
    began = now()
    rows(session, "create table ORDERS (id int)")
    created, altered, count, owner = table_row(session, "ORDERS")
    assert began <= created == altered <= now()
    assert (count, owner) == (0, "ACCOUNTADMIN")
    rows(session, "insert into ORDERS values (1), (2)")
    same, later, count, _ = table_row(session, "ORDERS")
    assert same == created < later <= now()
    assert count == 2
    rows(session, "create or replace table ORDERS as select 1 as id")
    newer, _, count, _ = table_row(session, "ORDERS")
    assert newer > later
    assert count == 1


def test_rows_that_were_rolled_back_are_not_counted(session: SnowflakeConnection) -> None:
    rows(session, "create table ORDERS (id int)")
    _, before, _, _ = table_row(session, "ORDERS")
    rows(session, "begin")
    rows(session, "insert into ORDERS values (1), (2)")
    rows(session, "rollback")
    assert table_row(session, "ORDERS")[1:3] == (before, 0)


def test_show_tells_dates_owner_and_rows(session: SnowflakeConnection, schema: str) -> None:
    began = now()
    rows(session, "create role if not exists MAKER")
    rows(session, "use role MAKER")
    rows(session, "create table ORDERS as select 1 as id union all select 2")
    rows(session, "create view SEEN as select id from ORDERS")
    (table,) = listed(session, f"show tables in schema CONTRACTS.{schema}")
    (view,) = listed(session, f"show views in schema CONTRACTS.{schema}")
    (container,) = [row for row in listed(session, "show schemas in database CONTRACTS") if row["name"] == schema]
    assert (table["owner"], table["rows"]) == (view["owner"], 2) == ("MAKER", 2)
    assert view["text"] == "create view SEEN as select id from ORDERS"
    assert container["created_on"] <= began <= table["created_on"] <= view["created_on"] <= now()


def test_a_table_takes_room_once_it_is_in_its_file(own_server: Standin) -> None:
    with connect(own_server) as connection:
        rows(connection, "create database D")
        rows(connection, "create table D.PUBLIC.T as select seq4() as x from table(generator(rowcount => 400000))")
    own_server.restart()
    with connect(own_server, database="D", schema="PUBLIC") as connection:
        (found,) = rows(connection, "select row_count, bytes from information_schema.tables where table_name = 'T'")
        (shown,) = listed(connection, "show tables in schema D.PUBLIC")
    assert found[0] == shown["rows"] == 400000
    # Whole blocks.
    assert found[1] == shown["bytes"] >= 262_144
    assert found[1] % 262_144 == 0


def test_dbt_tells_the_freshness_of_a_source_from_its_metadata(
    server: Standin, session: SnowflakeConnection, schema: str, tmp_path: Path
) -> None:
    rows(session, "create table ORDERS (id int)")
    time.sleep(1.1)
    before = now()
    rows(session, "insert into ORDERS values (1)")
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text(PROJECT)
    (tmp_path / "models" / "sources.yml").write_text(SOURCES.format(schema=schema))
    environment = {
        **os.environ,
        "REQUESTS_CA_BUNDLE": str(server.ca_bundle),
        "WAREHOUSE_PORT": str(server.port),
        "DBT_PROFILES_DIR": str(Path(__file__).parent / "project"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    command = [str(Path(sys.executable).parent / "dbt"), "source", "freshness"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-2000:]
    (result,) = json.loads((tmp_path / "target" / "sources.json").read_text())["results"]
    loaded = datetime.datetime.fromisoformat(result["max_loaded_at"])
    assert result["status"] == "pass"
    # dbt cuts off parts of a second.
    assert before - datetime.timedelta(seconds=1) <= loaded <= now()


@pytest.mark.parametrize("what", ["alter table ORDERS add column note varchar", "comment on table ORDERS is 'x'"])
def test_a_change_of_definition_moves_last_ddl(session: SnowflakeConnection, what: str) -> None:
    rows(session, "create table ORDERS (id int)")
    sql = "select last_ddl, created from information_schema.tables where table_schema = current_schema()"
    ((ddl, created),) = rows(session, sql)
    assert ddl == created
    rows(session, what)
    ((later, _),) = rows(session, sql)
    assert later > ddl
