"""The record outlives its server, however that ended, and agrees with what is there when the next one starts."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest
from snowflake.connector.errors import Error

from tests.contracts.warehouse.connections import connect, listed, rows, value
from tests.contracts.warehouse.recorded import PYTHON, Record, read, record_of
from tests.standins import ROOT, Standin, start

SETUP = """
create database D;
create table D.PUBLIC.T as select 1 as x union all select 2;
create view D.PUBLIC.V as select x from D.PUBLIC.T
"""
ENDLESS = "select count(*) from range(100000000) a, range(100000000) b"


def fill(server: Standin) -> None:
    with connect(server, user="ann", warehouse="COMPUTE_WH") as connection:
        connection.cursor().execute(SETUP, num_statements=0)
        rows(connection, "select x from D.PUBLIC.V")


def ids(record: Record) -> dict[str, int]:
    return {row["name"]: row["object_id"] for row in record.tables["objects"]}


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_objects_are_the_same_ones_after_a_restart(own_server: Standin, end: str) -> None:
    fill(own_server)
    with connect(own_server) as connection:
        # Whoever reads the record sees all that was, so it has been written by then.
        rows(connection, "show tables in schema D.PUBLIC")
    getattr(own_server, end)()
    before = read(own_server)
    own_server.start()
    with connect(own_server, user="bob", warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor().execute("select x from D.PUBLIC.V")
        again = cursor.sfqid
    after = record_of(own_server)
    assert ids(after) == ids(before)
    assert after.accesses(again, "base") == {"D.PUBLIC.T": ["X"]}
    assert len(after.find("warehouse_changes", warehouse_name="COMPUTE_WH")) == 1
    assert {row["query_id"] for row in before.tables["queries"]} < {row["query_id"] for row in after.tables["queries"]}


def test_a_statement_that_ran_when_the_server_was_killed_is_an_incident(own_server: Standin) -> None:
    fill(own_server)
    lost = connect(own_server, user="cleo", database="D", network_timeout=5, login_timeout=5)

    def run() -> None:
        with pytest.raises(Error):
            lost.cursor().execute(ENDLESS)

    running = Thread(target=run)
    running.start()
    wait_until_written(own_server, ENDLESS)
    own_server.kill()
    (row,) = read(own_server).find("running", user_name="CLEO")
    assert (row["execution_status"], row["end_time"]) == ("RUNNING", None)
    own_server.start()
    record = record_of(own_server)
    running.join()
    ended = record.query(row["query_id"])
    assert (ended["execution_status"], ended["error_code"]) == ("INCIDENT", "000603")
    assert ended["end_time"] >= ended["start_time"]
    assert record.tables["running"] == []
    assert record.one("sessions", user_name="CLEO")["closed_reason"] == "INCIDENT"


def wait_until_written(server: Standin, text: str) -> None:
    """Until the statement is in the log of the record's file."""
    for _ in range(400):
        if text.encode() in (server.data_dir / "history.db.wal").read_bytes():
            return
        time.sleep(0.05)
    pytest.fail("the statement was never written down as running")


def test_a_kill_loses_no_statement_older_than_a_second(own_server: Standin) -> None:
    with connect(own_server, user="dora") as connection:
        for number in range(20):
            rows(connection, f"select {number}")
        time.sleep(1)
    own_server.kill()
    assert len(read(own_server).find("queries", user_name="DORA")) == 20


def test_what_was_there_before_the_record_is_taken_into_it(own_server: Standin) -> None:
    fill(own_server)
    own_server.stop()
    (own_server.data_dir / "history.db").unlink()
    own_server.start()
    with connect(own_server, warehouse="COMPUTE_WH") as connection:
        cursor = connection.cursor().execute("select x from D.PUBLIC.V")
        (table,) = listed(connection, "show tables in schema D.PUBLIC")
    record = record_of(own_server)
    (version,) = record.versions("D.PUBLIC.T")
    assert (version["row_count"], version["created_by"], table["rows"]) == (2, None, 2)
    assert record.accesses(cursor.sfqid, "base") == {"D.PUBLIC.T": ["X"]}


def test_an_object_whose_end_was_not_recorded_ends_at_the_next_start(own_server: Standin) -> None:
    fill(own_server)
    own_server.stop()
    kept = (own_server.data_dir / "history.db").read_bytes()
    own_server.start()
    with connect(own_server) as connection:
        rows(connection, "drop view D.PUBLIC.V")
        rows(connection, "insert into D.PUBLIC.T values (3)")
    own_server.stop()
    (own_server.data_dir / "history.db").write_bytes(kept)
    own_server.start()
    record = record_of(own_server)
    assert record.versions("D.PUBLIC.V")[0]["deleted"] is not None
    assert (record.versions("D.PUBLIC.T")[0]["deleted"], record.versions("D.PUBLIC.T")[0]["row_count"]) == (None, 3)


def test_eight_sessions_at_once_are_recorded_statement_by_statement(own_server: Standin) -> None:
    fill(own_server)

    def work(number: int) -> set[str | None]:
        seen = set()
        with connect(own_server, user=f"user_{number}", warehouse="COMPUTE_WH", database="D", schema="PUBLIC") as mine:
            for turn in range(5):
                for sql in (
                    f"create or replace table OWN_{number} as select {turn} as turn, x from V",
                    f"insert into OWN_{number} select turn, x from OWN_{number}",
                    f"select turn from OWN_{number}",
                ):
                    cursor = mine.cursor().execute(sql)
                    seen.add(cursor.sfqid)
        return seen

    with ThreadPoolExecutor(8) as pool:
        given = set().union(*pool.map(work, range(8)))
    record = record_of(own_server)
    recorded = [row["query_id"] for row in record.tables["queries"]]
    assert len(given) == 120
    assert given <= set(recorded)
    assert len(recorded) == len(set(recorded))
    for number in range(8):
        versions = record.versions(f"D.PUBLIC.OWN_{number}")
        assert [row["deleted"] for row in versions] == [row["created"] for row in versions[1:]] + [None]
        assert [row["row_count"] for row in versions] == [4] * 5
        reads = [
            row["object_id"]
            for row in record.find("accesses", object_name=f"D.PUBLIC.OWN_{number}")
            if row["access_role"] == "base"
        ]
        assert sorted(reads) == sorted(2 * [row["object_id"] for row in versions])


@pytest.fixture
def forgetful_server() -> Iterator[Standin]:
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    server = start("warehouse", "--history-days", "0")
    yield server
    server.kill()
    os.environ.pop("REQUESTS_CA_BUNDLE") if before is None else os.environ.update(REQUESTS_CA_BUNDLE=before)


def test_what_is_too_old_is_forgotten_and_what_exists_is_not(forgetful_server: Standin) -> None:
    fill(forgetful_server)
    with connect(forgetful_server) as connection:
        rows(connection, "create or replace table D.PUBLIC.T as select 3 as x")
    forgetful_server.restart()
    with connect(forgetful_server, warehouse="COMPUTE_WH") as connection:
        assert value(connection, "select x from D.PUBLIC.V") == 3
    record = record_of(forgetful_server)
    assert [row["query_text"] for row in record.tables["queries"]] == ["select x from D.PUBLIC.V"]
    assert len(record.versions("D.PUBLIC.T")) == len(record.versions("D.PUBLIC.V")) == 1
    assert len(record.find("warehouse_changes", warehouse_name="COMPUTE_WH")) == 1


BROKEN = """
import sys
from pathlib import Path
from local.warehouse import statements
from local.warehouse.account_usage.visibility import Visibility
from local.warehouse.session import Client, Session
from local.warehouse.storage import Storage
storage = Storage(Path(sys.argv[1]), threads=1, memory_limit="500MB", history_days=1, visibility=Visibility())
session = Session(1, storage, Client("ANN"))
storage.cursor().execute("drop table _history.main.queries")
statements.run(session, "create database D")
print(statements.run(session, "select count(*) from D.information_schema.tables").table.to_pylist())
"""


def test_a_record_that_cannot_be_written_fails_no_statement(tmp_path: Path) -> None:
    done = subprocess.run(
        [PYTHON, "-c", BROKEN, tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[{'COUNT(*)': 0}]"
    assert "could not be recorded in full" in done.stderr


def test_the_record_is_no_database_of_the_account(own_server: Standin) -> None:
    fill(own_server)
    with connect(own_server, database="D") as connection:
        assert [row["name"] for row in listed(connection, "show databases")] == ["D"]
        assert rows(connection, "select database_name from D.information_schema.databases") == [("D",)]
        for sql in ("select * from _history.main.queries", "drop table _history.queries", "use schema _history.main"):
            with pytest.raises(Error, match="does not exist"):
                rows(connection, sql)
