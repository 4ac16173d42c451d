"""Values arrive as Snowflake sends them: type by type, and NULL as NULL."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal

from snowflake.connector import SnowflakeConnection

from tests.contracts.warehouse.connections import rows, value

UTC = datetime.UTC


def test_null_timestamps_stay_null_between_others(session: SnowflakeConnection) -> None:
    rows(session, "create table moments (n int, ntz timestamp_ntz, tz timestamp_tz)")
    rows(session, "insert into moments values (1, '2026-02-03 04:05:06.789', '2026-02-03 04:05:06+02:00')")
    rows(session, "insert into moments (n) values (2)")
    rows(session, "insert into moments values (3, '1969-12-31 23:59:59.5', '1900-01-01 00:00:00+00:00')")
    first, second, third = rows(session, "select ntz, tz from moments order by n")
    assert first[0] == datetime.datetime(2026, 2, 3, 4, 5, 6, 789000)
    assert first[1] == datetime.datetime(2026, 2, 3, 2, 5, 6, tzinfo=UTC)
    assert second == (None, None)
    assert third == (datetime.datetime(1969, 12, 31, 23, 59, 59, 500000), datetime.datetime(1900, 1, 1, tzinfo=UTC))


def test_a_sum_of_integers_is_an_integer_even_in_a_table(session: SnowflakeConnection) -> None:
    total = value(session, "select sum(x) from (values (100), (200), (9223372036854775807)) as t (x)")
    assert total == 9223372036854776107
    assert isinstance(total, int)
    rows(session, "create table totals as select sum(x) as total, count(*) as n from (values (1), (2)) as t (x)")
    assert rows(session, "select total, n from totals") == [(3, 2)]
    assert [row[1] for row in rows(session, "describe table totals")] == ["NUMBER(38,0)", "NUMBER(38,0)"]


def test_sums_of_money_are_exact(session: SnowflakeConnection) -> None:
    rows(session, "create table money (amount number(12, 2))")
    rows(session, "insert into money select 0.1 from table(generator(rowcount => 1000))")
    assert value(session, "select sum(amount) from money") == Decimal("100.00")


def test_semi_structured_values_arrive_as_json_text(session: SnowflakeConnection) -> None:
    found = rows(
        session,
        "select parse_json('{\"a\": [1, {\"b\": null}]}'), array_construct(1, 'two'), object_construct('k', 1), "
        'parse_json(\'{"a": {"b": [7]}}\'):a.b[0]::int',
    )
    ((variant, array, obj, path),) = found
    assert json.loads(variant) == {"a": [1, {"b": None}]}
    assert json.loads(array) == [1, "two"]
    assert json.loads(obj) == {"k": 1}
    assert path == 7


def test_every_scalar_type_round_trips(session: SnowflakeConnection) -> None:
    rows(
        session,
        "create table scalars (i number, m number(10, 3), f float, b boolean, d date, t time, s varchar(20), x binary)",
    )
    given = (
        -5,
        Decimal("1.250"),
        1.5,
        True,
        datetime.date(2026, 1, 2),
        datetime.time(3, 4, 5),
        "it's ✓",
        bytes.fromhex("00ff"),
    )
    rows(session, "insert into scalars select -5, 1.25, 1.5, true, '2026-01-02', '03:04:05', 'it''s ✓', x'00ff'")
    rows(session, "insert into scalars (i) values (null)")
    assert rows(session, "select * from scalars order by i nulls last") == [given, (None,) * 8]


def test_unnamed_columns_are_called_as_in_snowflake(session: SnowflakeConnection) -> None:
    cursor = session.cursor().execute(
        "select count(*), max(x), x as lower, current_role() from (select 1 as x) group by x"
    )
    assert [column.name for column in cursor.description] == ["COUNT(*)", "MAX(X)", "LOWER", "CURRENT_ROLE()"]


def test_an_empty_result_has_its_columns(session: SnowflakeConnection) -> None:
    cursor = session.cursor().execute("select 1 as a, 'x'::varchar as b, null::timestamp_tz as c where false")
    assert cursor.fetchall() == []
    assert [column.name for column in cursor.description] == ["A", "B", "C"]


def test_a_result_can_be_described_without_running_and_scanned_afterwards(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    described = cursor.describe("select 1 as a, 'x' as b")
    assert [column.name for column in described] == ["A", "B"]
    cursor.execute("select 41 + 1 as answer")
    assert value(session, f"select * from table(result_scan('{cursor.sfqid}'))") == 42
    rows(session, "select 43 as answer")
    assert value(session, "select * from table(result_scan(last_query_id()))") == 43


def test_an_asynchronous_statement_is_fetched_by_its_id(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    cursor.execute_async("select 5 as five")
    status = session.get_query_status(cursor.sfqid)
    assert not session.is_still_running(status)
    cursor.get_results_from_sfqid(cursor.sfqid)
    assert cursor.fetchall() == [(5,)]


def test_a_large_result_arrives_whole(session: SnowflakeConnection) -> None:
    found = rows(session, "select seq8() as n from table(generator(rowcount => 200000))")
    assert sorted(n for (n,) in found) == list(range(200000))


def test_row_counts_are_those_of_the_statement(session: SnowflakeConnection) -> None:
    cursor = session.cursor()
    cursor.execute("create table counted as select seq4() as n, 'a' as s from table(generator(rowcount => 10))")
    assert cursor.execute("update counted set s = 'b' where n < 4").rowcount == 4
    assert cursor.execute("delete from counted where n >= 8").rowcount == 2
    cursor.execute(
        "merge into counted t using (select 1 as n union all select 99) s on t.n = s.n "
        "when matched then update set s = 'm' when not matched then insert (n, s) values (n, 'new')"
    )
    assert (cursor.rowcount, cursor.fetchall()) == (2, [(1, 1)])
    cursor.executemany("insert into counted values (%s, %s)", [(200 + n, "many") for n in range(5)])
    assert cursor.rowcount == 5
