"""What the warehouse remembers of statements that unmodified clients sent: one morning, then its record."""

from __future__ import annotations

import datetime
import gzip
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import DatabaseError, ProgrammingError

from tests.contracts.warehouse.connections import connect, rows
from tests.contracts.warehouse.recorded import Record, record_of
from tests.standins import Standin, start

TAG = '{"app":"airflow","dag":"load","task":"sync","run":"r1","try":1}'
SETUP = """
create warehouse LOADING_WH warehouse_size = 'MEDIUM' auto_suspend = 60;
create database RAW;
create schema RAW.SHOP;
create table RAW.SHOP.ORDERS (id number, shop number, amount number(10, 2), note varchar);
create view RAW.SHOP.LOWEST as select id, shop, amount from RAW.SHOP.ORDERS;
create view RAW.SHOP.MIDDLE as select id, amount from RAW.SHOP.LOWEST where shop = 7;
create view RAW.SHOP.TOP as select id from RAW.SHOP.MIDDLE
"""

Ids = dict[str, str | None]


class Day:
    """Statements by name: what they are called here, and the query ids the client got."""

    def __init__(self, connection: SnowflakeConnection):
        self.connection = connection
        self.ids: Ids = {}

    def run(self, name: str, sql: str, *arguments: object) -> None:
        cursor = self.connection.cursor()
        cursor.execute(sql, *arguments)
        self.ids[name] = cursor.sfqid

    def fail(self, name: str, sql: str, **options: object) -> None:
        with pytest.raises(ProgrammingError) as failure:
            self.connection.cursor().execute(sql, **options)  # type: ignore[arg-type]
        self.ids[name] = failure.value.sfqid


def a_morning(server: Standin, files: Path) -> Ids:
    with connect(server, user="LOADER") as first:
        first.cursor().execute(SETUP, num_statements=0)
    options = {"user": "LOADER", "warehouse": "LOADING_WH", "database": "RAW", "schema": "SHOP"}
    with connect(server, **options, paramstyle="qmark", session_parameters={"QUERY_TAG": TAG}) as connection:
        day = Day(connection)
        change_rows(day, files)
        change_objects(day)
        read_and_fail(day)
    return day.ids


def change_rows(day: Day, files: Path) -> None:
    day.run("insert", "insert into ORDERS values (1, 7, 10, 'a'), (2, 7, 20, 'b'), (3, 8, 30, 'c')")
    day.run("update", "update ORDERS set amount = amount + 1, note = 'x' where shop = 7")
    day.run("delete", "delete from ORDERS where id = 3")
    day.run(
        "merge",
        "merge into ORDERS t using (select 1 as id, 5 as amount union all select 9, 6) s on t.id = s.id "
        "when matched then update set amount = s.amount "
        "when not matched then insert (id, amount) values (s.id, s.amount)",
    )
    day.run("ctas", "create table COPIED as select id, amount from ORDERS where amount > 5")
    day.run("overwrite", "insert overwrite into COPIED select 1, 1")
    day.run("truncate", "truncate table COPIED")
    cursor = day.connection.cursor()
    cursor.executemany("insert into COPIED values (?, ?)", [(number, number) for number in range(5)])
    day.ids["bound"] = cursor.sfqid
    day.run("begin", "begin")
    day.run("undone", "insert into ORDERS select 99, 1, 1, 'gone'")
    day.run("rollback", "rollback")
    day.run("begin again", "begin")
    day.run("done", "insert into ORDERS select 10, 8, 1, 'stays'")
    day.run("commit", "commit")
    with gzip.open(files / "orders.csv.gz", "wt") as stream:
        stream.write("20,7,1.5,d\n21,7,2.5,e\n")
    day.run("stage", "create stage FILES")
    rows(day.connection, f"put file://{files}/orders.csv.gz @FILES/run/ auto_compress = false")
    day.run("copy", "copy into ORDERS from @FILES/run/ file_format = (type = csv)")
    day.run("copy again", "copy into ORDERS from @FILES/run/ file_format = (type = csv)")


def change_objects(day: Day) -> None:
    day.run("built", "create or replace transient table MART as select id from ORDERS")
    day.run("read built", "select id from MART")
    day.run("rebuilt", "create or replace table MART as select id from ORDERS")
    day.run("read rebuilt", "select id from MART")
    day.run("made", "create table if not exists MART (id number)")
    day.run("cloned", "create table CLONED clone ORDERS")
    day.run("renamed", "alter table CLONED rename to MOVED")
    day.run("one", "create table ONE as select 1 as x")
    day.run("two", "create table TWO as select 1 as x union all select 2")
    day.run("swapped", "alter table ONE swap with TWO")
    day.run("inside", "create schema GOING")
    day.run("inside table", "create table RAW.GOING.T (x int)")
    day.run("dropped", "drop schema RAW.GOING")
    day.run("back", "use schema RAW.SHOP")
    day.run("temporary", "create temporary table RAW.SHOP.SCRATCH as select 1 as x")
    day.run("bigger", "alter warehouse LOADING_WH set warehouse_size = 'LARGE'")
    day.run("suspended", "alter warehouse LOADING_WH suspend")


def read_and_fail(day: Day) -> None:
    day.run("through views", "select id from TOP")
    day.run(
        "with names",
        "with ORDERS as (select * from RAW.SHOP.ORDERS), big as (select id, shop from ORDERS where amount > 1) "
        "select big.id, t.x from big join TWO t on t.x = big.id where big.id in (select id from MART)",
    )
    day.run("first shape", "select id from ORDERS where id = 1")
    day.run("second shape", "SELECT id\n  from orders /* a comment */ where id = 2;")
    day.run("same words", "select   ID from ORDERS where id = 1 -- once more")
    day.run("nothing read", "select 1")
    day.run("shown", "show tables in schema RAW.SHOP")
    day.run("dictionary", "select table_name from RAW.information_schema.tables")
    day.run("changed session", "alter session set TIMEZONE = 'UTC'")
    day.fail("wrong column", "select nope from ORDERS")
    day.fail("wrong value", "select 'x'::number from ORDERS")
    day.fail("cancelled", "select count(*) from range(100000000) a, range(100000000) b", timeout=1)
    day.connection.cursor().execute("select id as several from MART; select 2 as several", num_statements=2)


@pytest.fixture(scope="module")
def morning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Record, Ids]]:
    before = os.environ.get("REQUESTS_CA_BUNDLE")
    server = start("warehouse")
    try:
        ids = a_morning(server, tmp_path_factory.mktemp("files"))
        with connect(server, role="ACCOUNTADMIN") as admin:
            rows(admin, "create user LEFT_US disabled = true")
        with pytest.raises(DatabaseError, match="User access disabled"):
            connect(server, user="left_us")
        yield record_of(server), ids
    finally:
        server.kill()
        os.environ.pop("REQUESTS_CA_BUNDLE") if before is None else os.environ.update(REQUESTS_CA_BUNDLE=before)


@pytest.fixture(scope="module")
def record(morning: tuple[Record, Ids]) -> Record:
    return morning[0]


@pytest.fixture(scope="module")
def ids(morning: tuple[Record, Ids]) -> Ids:
    return morning[1]


def test_every_statement_is_there_once_under_the_id_its_client_got(record: Record, ids: Ids) -> None:
    recorded = [row["query_id"] for row in record.tables["queries"]]
    assert len(recorded) == len(set(recorded))
    assert set(ids.values()) <= set(recorded)
    assert record.tables["running"] == []


def test_a_statement_is_recorded_with_who_ran_it_where_and_under_which_tag(record: Record, ids: Ids) -> None:
    row = record.query(ids["insert"])
    assert (row["user_name"], row["role_name"], row["query_tag"]) == ("LOADER", "ACCOUNTADMIN", TAG)
    assert (row["database_name"], row["schema_name"]) == ("RAW", "SHOP")
    assert (row["warehouse_name"], row["warehouse_size"]) == ("LOADING_WH", "Medium")
    assert row["session_id"] in {session["session_id"] for session in record.tables["sessions"]}
    assert (row["execution_status"], row["error_code"], row["error_message"]) == ("SUCCESS", None, None)


def test_times_of_a_statement_fit_into_each_other(record: Record) -> None:
    for row in record.tables["queries"]:
        parts = ("compilation_time", "execution_time", "queued_overload_time", "transaction_blocked_time")
        began, ended = (datetime.datetime.fromisoformat(row[key]) for key in ("start_time", "end_time"))
        assert abs((ended - began).total_seconds() * 1000 - row["total_elapsed_time"]) <= 1
        # Each part is rounded by itself.
        assert 0 <= sum(row[part] for part in parts) <= row["total_elapsed_time"] + len(parts)


@pytest.mark.parametrize(
    ("name", "table", "changed"),
    [
        ("insert", "ORDERS", (3, 0, 0)),
        ("update", "ORDERS", (0, 0, 2)),
        ("delete", "ORDERS", (0, 1, 0)),
        ("merge", "ORDERS", (1, 0, 1)),
        ("ctas", "COPIED", (2, 0, 0)),
        ("overwrite", "COPIED", (1, 2, 0)),
        ("truncate", "COPIED", (0, 1, 0)),
        ("bound", "COPIED", (5, 0, 0)),
        ("done", "ORDERS", (1, 0, 0)),
        ("copy", "ORDERS", (2, 0, 0)),
        ("cloned", "CLONED", (6, 0, 0)),
    ],
)
def test_rows_are_counted_as_they_were_changed(
    record: Record, ids: Ids, name: str, table: str, changed: tuple[int, int, int]
) -> None:
    assert record.dml(ids[name]) == {f"RAW.SHOP.{table}": changed}
    row = record.query(ids[name])
    assert (row["rows_inserted"], row["rows_deleted"], row["rows_updated"]) == changed


def test_what_was_rolled_back_changed_nothing_but_ran(record: Record, ids: Ids) -> None:
    assert record.dml(ids["undone"]) == {}
    assert record.query(ids["undone"])["execution_status"] == "SUCCESS"
    assert record.query(ids["undone"])["transaction_id"] not in {0, record.query(ids["done"])["transaction_id"]}
    assert record.query(ids["insert"])["transaction_id"] == 0


def test_the_rows_of_a_table_are_those_it_has(record: Record) -> None:
    (orders,) = record.versions("RAW.SHOP.ORDERS")
    (copied,) = record.versions("RAW.SHOP.COPIED")
    assert (orders["row_count"], copied["row_count"]) == (6, 5)
    assert orders["bytes"] > 0
    assert record.find("sizes", object_id=orders["object_id"])[-1]["row_count"] == 6


def test_a_load_is_recorded_per_file(record: Record, ids: Ids) -> None:
    first, second = record.find("copies", object_name="RAW.SHOP.ORDERS")
    assert (first["query_id"], second["query_id"]) == (ids["copy"], ids["copy again"])
    assert (first["status"], first["row_count"], first["row_parsed"], first["error_count"]) == ("LOADED", 2, 2, 0)
    assert first["file_name"] == "files/run/orders.csv.gz"
    assert first["stage_location"] == "@FILES/run/"
    assert first["file_size"] > 0
    assert (second["status"], second["row_count"]) == ("LOAD_SKIPPED", 0)


def test_a_read_through_views_counts_for_the_table_and_not_for_the_views_between(record: Record, ids: Ids) -> None:
    assert record.accesses(ids["through views"], "direct") == {"RAW.SHOP.TOP": ["ID"]}
    assert record.accesses(ids["through views"], "base") == {"RAW.SHOP.ORDERS": ["AMOUNT", "ID", "SHOP"]}
    domains = {row["object_name"]: row["object_domain"] for row in record.tables["accesses"]}
    assert (domains["RAW.SHOP.TOP"], domains["RAW.SHOP.ORDERS"]) == ("View", "Table")


def test_a_view_depends_on_what_its_query_names(record: Record) -> None:
    names = {row["object_id"]: row["name"] for row in record.tables["objects"]}
    found = {
        (names[row["object_id"]], row["referenced_name"], row["referenced_domain"])
        for row in record.tables["dependencies"]
    }
    assert found == {
        ("LOWEST", "RAW.SHOP.ORDERS", "TABLE"),
        ("MIDDLE", "RAW.SHOP.LOWEST", "VIEW"),
        ("TOP", "RAW.SHOP.MIDDLE", "VIEW"),
    }


def test_a_rebuilt_table_is_another_object_and_each_read_is_of_the_one_of_its_moment(record: Record, ids: Ids) -> None:
    first, second = record.versions("RAW.SHOP.MART")
    assert first["object_id"] != second["object_id"]
    assert (first["created_by"], second["created_by"]) == (ids["built"], ids["rebuilt"])
    assert (first["deleted"], second["deleted"]) == (second["created"], None)
    assert (first["is_transient"], second["is_transient"]) == (True, False)
    assert record.one("accesses", query_id=ids["read built"], access_role="base")["object_id"] == first["object_id"]
    assert record.one("accesses", query_id=ids["read rebuilt"], access_role="base")["object_id"] == second["object_id"]


def test_names_of_a_with_clause_are_not_objects(record: Record, ids: Ids) -> None:
    assert record.accesses(ids["with names"], "base") == {
        "RAW.SHOP.ORDERS": ["AMOUNT", "ID", "NOTE", "SHOP"],
        "RAW.SHOP.TWO": ["X"],
        "RAW.SHOP.MART": ["ID"],
    }


def test_what_is_written_is_no_read_unless_it_is_read_too(record: Record, ids: Ids) -> None:
    assert record.accesses(ids["insert"], "base") == {}
    assert record.accesses(ids["insert"], "modified") == {"RAW.SHOP.ORDERS": ["AMOUNT", "ID", "NOTE", "SHOP"]}
    assert record.accesses(ids["update"], "modified") == {"RAW.SHOP.ORDERS": ["AMOUNT", "NOTE"]}
    assert record.accesses(ids["merge"], "modified") == {"RAW.SHOP.ORDERS": ["AMOUNT", "ID"]}
    assert record.accesses(ids["ctas"], "base") == {"RAW.SHOP.ORDERS": ["AMOUNT", "ID"]}
    assert record.accesses(ids["ctas"], "modified") == {"RAW.SHOP.COPIED": ["AMOUNT", "ID"]}
    assert set(record.accesses(ids["cloned"], "base")) == {"RAW.SHOP.ORDERS"}
    assert record.accesses(ids["copy"], "base") == {}


@pytest.mark.parametrize("name", ["wrong column", "wrong value", "dictionary", "shown", "nothing read", "made"])
def test_it_leaves_no_access(record: Record, ids: Ids, name: str) -> None:
    assert record.find("accesses", query_id=ids[name]) == []


def test_a_failed_statement_is_recorded_with_its_error(record: Record, ids: Ids) -> None:
    row = record.query(ids["wrong column"])
    assert (row["execution_status"], row["error_code"]) == ("FAIL", "000904")
    assert row["error_message"] == "SQL compilation error:\ninvalid identifier 'NOPE'"
    assert row["warehouse_size"] is None
    row = record.query(ids["wrong value"])
    assert (row["error_code"], row["error_message"]) == ("100038", "Numeric value 'x' is not recognized")
    assert row["warehouse_size"] == "Large"


def test_a_cancelled_statement_says_so(record: Record, ids: Ids) -> None:
    row = record.query(ids["cancelled"])
    assert (row["execution_status"], row["error_code"]) == ("FAIL", "000604")
    assert row["error_message"] == "SQL execution canceled"
    assert row["execution_time"] > 500


def test_hashes_tell_the_same_question_from_the_same_words(record: Record, ids: Ids) -> None:
    first, second, same = (record.query(ids[name]) for name in ("first shape", "second shape", "same words"))
    assert first["query_parameterized_hash"] == second["query_parameterized_hash"]
    assert first["query_hash"] == same["query_hash"] != second["query_hash"]
    assert record.query(ids["update"])["query_parameterized_hash"] != first["query_parameterized_hash"]


@pytest.mark.parametrize(
    ("name", "query_type", "works"),
    [
        ("through views", "SELECT", True),
        ("nothing read", "SELECT", False),
        ("insert", "INSERT", True),
        ("update", "UPDATE", True),
        ("delete", "DELETE", True),
        ("merge", "MERGE", True),
        ("copy", "COPY", True),
        ("ctas", "CREATE_TABLE_AS_SELECT", True),
        ("truncate", "TRUNCATE_TABLE", False),
        ("made", "CREATE_TABLE", False),
        ("renamed", "RENAME_TABLE", False),
        ("dropped", "DROP", False),
        ("shown", "SHOW", False),
        ("changed session", "ALTER_SESSION", False),
        ("suspended", "ALTER_WAREHOUSE_SUSPEND", False),
        ("begin", "BEGIN_TRANSACTION", False),
        ("commit", "COMMIT", False),
        ("back", "USE", False),
    ],
)
def test_a_warehouse_works_for_some_types_of_statements(
    record: Record, ids: Ids, name: str, query_type: str, works: bool
) -> None:
    row = record.query(ids[name])
    assert (row["query_type"], row["warehouse_size"] is not None) == (query_type, works)
    assert row["warehouse_name"] == "LOADING_WH"


def test_an_upload_is_recorded_though_the_client_is_not_told_its_id(record: Record) -> None:
    # The driver asks more than once, and not always in the words it was given.
    assert "orders.csv.gz" in record.find("queries", query_type="PUT_FILES")[0]["query_text"]


def test_objects_keep_their_id_through_new_names_and_end_with_what_holds_them(record: Record, ids: Ids) -> None:
    (moved,) = record.versions("RAW.SHOP.MOVED")
    (orders,) = record.versions("RAW.SHOP.ORDERS")
    assert (moved["created_by"], moved["clone_of"]) == (ids["cloned"], orders["object_id"])
    assert record.versions("RAW.SHOP.CLONED") == []
    (one,) = record.versions("RAW.SHOP.ONE")
    assert (one["created_by"], one["row_count"]) == (ids["two"], 2)
    (inside,) = record.versions("RAW.GOING.T")
    schema = record.one("objects", kind="SCHEMA", name="GOING")
    assert inside["deleted"] == schema["deleted"] is not None


def test_a_temporary_table_ends_with_its_session(record: Record) -> None:
    (scratch,) = record.versions("RAW.SHOP.SCRATCH")
    assert scratch["is_temporary"]
    assert scratch["deleted"] is not None


def test_statements_of_one_request_hang_together(record: Record) -> None:
    (whole,) = [row for row in record.find("queries", query_type="MULTI_STATEMENT") if "several" in row["query_text"]]
    parts = record.find("queries", root_query_id=whole["query_id"])
    assert [row["query_text"] for row in parts] == ["select id as several from MART", "select 2 as several"]
    assert whole["warehouse_size"] is None


def test_changes_of_a_warehouse_are_dated(record: Record) -> None:
    changes = record.find("warehouse_changes", warehouse_name="LOADING_WH")
    assert [(row["event"], row["size"], row["auto_suspend"]) for row in changes] == [
        ("CREATE", "Medium", 60),
        ("ALTER", "Large", 60),
        ("SUSPEND", "Large", 60),
    ]
    assert len({row["warehouse_id"] for row in changes}) == 1


def test_logins_are_recorded_whether_they_were_let_in_or_not(record: Record) -> None:
    refused = record.one("logins", user_name="LEFT_US")
    assert (refused["is_success"], refused["error_code"]) == (False, 390101)
    assert refused["error_message"] == "USER_ACCESS_DISABLED"
    loader = record.find("logins", user_name="LOADER")[0]
    assert (loader["is_success"], loader["reported_client_type"]) == (True, "PYTHON_DRIVER")
    assert loader["first_authentication_factor"] == "PASSWORD"
    session = record.one("sessions", login_event_id=loader["event_id"])
    assert (session["closed_reason"], session["user_name"]) == ("LOGOUT", "LOADER")
    assert record.find("sessions", user_name="LEFT_US") == []
