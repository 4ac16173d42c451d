"""What was committed is there after a restart and after kill -9; what was not is gone."""

from __future__ import annotations

import contextlib
import gzip
import threading
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError
from snowflake.connector.vendored.requests import RequestException

from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.standins import Standin

SETUP = """
create role LOADER comment = 'loads';
create role REPORTER;
create warehouse LOADING_WH warehouse_size = 'MEDIUM';
create user AIRBYTE default_role = LOADER default_warehouse = LOADING_WH;
create database RAW comment = 'raw';
create schema RAW.SHOP;
create stage RAW.SHOP.FILES;
grant select on future tables in schema RAW.SHOP to role REPORTER;
create table RAW.SHOP.ORDERS (id number, code varchar(7) comment 'it''s a code', at timestamp_tz) comment = 'orders';
insert into RAW.SHOP.ORDERS values (1, 'a', null), (2, 'b', '2026-01-01 00:00:00+00:00');
create view RAW.SHOP.SEEN as select id from RAW.SHOP.ORDERS;
create temporary table RAW.SHOP.SCRATCH as select 1 as x
"""


def fill(server: Standin, file: Path) -> SnowflakeConnection:
    """Everything that has to survive, and a session that is still open."""
    with gzip.open(file, "wt") as stream:
        stream.write("3,c,\n")
    connection = connect(server)
    connection.cursor().execute(SETUP, num_statements=0)
    rows(connection, f"PUT file://{file} @RAW.SHOP.FILES/run/ AUTO_COMPRESS = FALSE")
    return connection


def assert_all_there(server: Standin) -> None:
    with connect(server, user="airbyte", database="RAW", schema="SHOP") as connection:
        assert rows(connection, "select current_role(), current_warehouse()") == [("LOADER", "LOADING_WH")]
        assert rows(connection, "select id, code, at is null from ORDERS order by id") == [
            (1, "a", True),
            (2, "b", False),
        ]
        assert rows(connection, "select count(*) from SEEN") == [(2,)]
        described = {row["name"]: row["type"] for row in listed(connection, "describe table ORDERS")}
        assert described == {"ID": "NUMBER(38,0)", "CODE": "VARCHAR(7)", "AT": "TIMESTAMP_TZ(9)"}
        comments = "select comment from information_schema.columns where column_name = 'CODE'"
        assert value(connection, comments) == "it's a code"
        (table,) = listed(connection, "show tables in schema RAW.SHOP")
        assert (table["name"], table["comment"]) == ("ORDERS", "orders")
        assert listed(connection, "show databases like 'RAW'")[0]["comment"] == "raw"
        assert listed(connection, "show warehouses like 'LOADING_WH'")[0]["size"] == "Medium"
        grants = listed(connection, "show grants on table RAW.SHOP.ORDERS")
        assert [(row["privilege"], row["grantee_name"]) for row in grants] == [("SELECT", "REPORTER")]
        assert len(listed(connection, "show future grants in schema RAW.SHOP")) == 1
        assert [row[0] for row in rows(connection, "LIST @FILES")] == ["files/run/three.csv.gz"]
        loaded = rows(connection, "COPY INTO ORDERS FROM @FILES/run/ FILE_FORMAT = (TYPE = CSV)")
        assert loaded[0][1:3] == ("LOADED", 1)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_everything_survives(own_server: Standin, tmp_path: Path, end: str) -> None:
    fill(own_server, tmp_path / "three.csv.gz")
    getattr(own_server, end)()
    own_server.start()
    assert_all_there(own_server)
    own_server.kill()
    own_server.start()
    with connect(own_server) as connection:
        assert value(connection, "select count(*) from RAW.SHOP.ORDERS") == 3


def test_temporary_tables_of_a_crashed_server_are_gone(own_server: Standin, tmp_path: Path) -> None:
    fill(own_server, tmp_path / "three.csv.gz")
    own_server.kill()
    own_server.start()
    with connect(own_server) as connection:
        names = [row["name"] for row in listed(connection, "show tables in schema RAW.SHOP")]
        assert names == ["ORDERS"]


def test_a_server_asked_to_stop_ends_cleanly_whatever_runs_on_it(own_server: Standin, tmp_path: Path) -> None:
    session = fill(own_server, tmp_path / "three.csv.gz")
    session.cursor().execute_async("create table RAW.SHOP.T as select 1 as x")
    own_server.stop()
    assert own_server.process is not None
    assert own_server.process.returncode == 0
    assert "stopped" in own_server.log.read_text()
    # Everything is in the databases' own files, temporary tables are gone from them.
    assert list((own_server.data_dir / "databases").glob("*.wal")) == []


def test_an_open_transaction_is_lost_with_the_server_and_its_session_says_so(own_server: Standin) -> None:
    connection = connect(own_server)
    connection.cursor().execute("create database D; create table D.PUBLIC.T (x int); begin", num_statements=3)
    rows(connection, "insert into D.PUBLIC.T values (1)")
    own_server.kill()
    own_server.start()
    with pytest.raises(DatabaseError, match="Session no longer exists"):
        rows(connection, "commit")
    with connect(own_server) as again:
        assert value(again, "select count(*) from D.PUBLIC.T") == 0


# The connector tries to cancel the statement of a server that is gone, in a thread of its own.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_kill_in_the_middle_of_writing_leaves_whole_statements(own_server: Standin) -> None:
    """Each statement writes a pair; after the kill no half of a pair may be there, and no acknowledged one missing."""
    with connect(own_server) as first:
        first.cursor().execute("create database D; create table D.PUBLIC.PAIRS (n int, half varchar)", num_statements=2)
    acknowledged = 0
    writer = connect(own_server, network_timeout=5, login_timeout=5)
    killer = threading.Timer(1.5, own_server.kill)
    killer.start()
    # An answer that breaks off in its middle leaves the connector as its HTTP library's own error.
    with contextlib.suppress(DatabaseError, RequestException):
        while True:
            rows(writer, f"insert into D.PUBLIC.PAIRS values ({acknowledged}, 'left'), ({acknowledged}, 'right')")
            acknowledged += 1
    killer.join()
    own_server.start()
    with connect(own_server) as again:
        pairs, halves = rows(again, "select count(distinct n), count(*) from D.PUBLIC.PAIRS")[0]
    assert halves == 2 * pairs
    assert pairs in (acknowledged, acknowledged + 1)
    assert acknowledged > 0
