"""What the local warehouse says tables cost to keep and who accessed them, over facts planted on known days.

A dropped version is kept for its retention time and then, unless it is transient, for seven days of fail-safe; and so
are the rows that DML takes away.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contracts.warehouse.planted_usage import DAY, Usage, at, started

STORAGE = "select * from snowflake.account_usage.table_storage_metrics order by id"
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def usage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    running = started(tmp_path_factory.mktemp("usage"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Usage]:
    running = started(tmp_path_factory.mktemp("late"), latency="documented")
    yield running
    running.stop()


def days(number: float) -> datetime:
    """So many days ago."""
    return NOW - timedelta(days=number)


def table(number: int, created: datetime, **known: Any) -> dict[str, Any]:
    return {
        "object_id": number,
        "name": "PETS",
        "created": created,
        "last_altered": created,
        "last_ddl": created,
        "row_count": 100,
        "bytes": 1000,
        **known,
    }


def stored(usage: Usage, *tables: dict[str, Any], dml: list[dict[str, Any]] | None = None) -> list[tuple[Any, ...]]:
    """Id, active, time travel and fail-safe bytes of each version that is still billed."""
    found = usage.ask({"objects": tables, "dml": dml or []}, storage=STORAGE)["storage"]
    return [(row["id"], row["active_bytes"], row["time_travel_bytes"], row["failsafe_bytes"]) for row in found]


def test_each_version_of_a_rebuilt_table_is_billed_until_its_fail_safe_ends(usage: Usage) -> None:
    versions = [
        table(1, days(30), deleted=days(20)),
        table(2, days(20), deleted=days(5)),
        table(3, days(5), deleted=days(0.5)),
        table(4, days(0.5)),
    ]
    # Gone for good; in fail-safe; in time travel, where it could still be restored; alive.
    assert stored(usage, *versions) == [(2, 0, 0, 1000), (3, 1000, 0, 0), (4, 1000, 0, 0)]
    found = usage.ask({"objects": versions}, storage=STORAGE)["storage"]
    assert [(row["table_name"], row["deleted"]) for row in found] == [(None, True), ("PETS", True), ("PETS", False)]
    assert datetime.fromisoformat(found[0]["table_entered_failsafe"]) == days(4)


def test_a_transient_table_has_no_fail_safe(usage: Usage) -> None:
    dropped = table(1, days(30), deleted=days(2), is_transient=True)
    assert stored(usage, dropped) == []
    assert stored(usage, dropped | {"deleted": days(0.5)}) == [(1, 1000, 0, 0)]


def test_a_longer_retention_keeps_a_dropped_table_restorable(usage: Usage) -> None:
    assert stored(usage, table(1, days(30), deleted=days(20), retention_days=25)) == [(1, 1000, 0, 0)]


def test_rows_taken_away_stay_for_time_travel_and_then_fail_safe(usage: Usage) -> None:
    changes = [
        {"changed_at": days(0.5), "object_id": 1, "object_name": "D.S.PETS", "rows_removed": 10},
        {"changed_at": days(0.6), "object_id": 1, "object_name": "D.S.PETS", "rows_updated": 5},
        {"changed_at": days(4), "object_id": 1, "object_name": "D.S.PETS", "rows_removed": 20},
        {"changed_at": days(9), "object_id": 1, "object_name": "D.S.PETS", "rows_removed": 40},
    ]
    # Ten bytes a row.
    assert stored(usage, table(1, days(30)), dml=changes) == [(1, 1000, 150, 200)]


def test_a_clone_owns_what_it_has_grown_by(usage: Usage) -> None:
    first = table(1, days(30))
    second = table(2, days(20), name="COPY", clone_of=1, bytes=1300)
    third = table(3, days(10), name="COPY_OF_COPY", clone_of=2, bytes=1300)
    assert stored(usage, first, second, third) == [(1, 1000, 0, 0), (2, 300, 0, 0), (3, 0, 0, 0)]
    found = usage.ask({"objects": [first, second, third]}, storage=STORAGE)["storage"]
    assert [row["clone_group_id"] for row in found] == [1, 1, 1]


def access(query: str, begun: datetime, role: str, name: str, **known: Any) -> dict[str, Any]:
    return {
        "query_id": query,
        "query_start_time": begun,
        "access_role": role,
        "object_id": 1,
        "object_name": name,
        "columns": ["ID"],
        **known,
    }


ACCESSES = [
    access("a", at("09:10:00"), "direct", "D.S.NAMES", object_domain="View"),
    access("a", at("09:10:00"), "base", "D.S.PETS"),
    # Again, by somebody else.
    access("b", at("10:10:00"), "direct", "D.S.NAMES", object_domain="View", user_name="BEN"),
    access("b", at("10:10:00"), "base", "D.S.PETS", user_name="BEN"),
    # The same names with other columns.
    access("c", at("11:10:00"), "direct", "D.S.NAMES", object_domain="View", columns=["NAME"]),
    access("c", at("11:10:00"), "base", "D.S.PETS", columns=None),
    access("d", at("12:10:00"), "modified", "D.S.PETS"),
]
HISTORY = "select * from snowflake.account_usage.access_history order by query_id"


def test_an_access_lists_what_was_named_what_was_read_and_what_was_written(usage: Usage) -> None:
    a, b, c, d = usage.ask({"accesses": ACCESSES}, history=HISTORY)["history"]
    pets = '[{"objectDomain":"Table","objectId":1,"objectName":"D.S.PETS","columns":[{"columnName":"ID"}]}]'
    names = pets.replace("PETS", "NAMES").replace("Table", "View")
    assert (a["direct_objects_accessed"], a["base_objects_accessed"], a["objects_modified"]) == (names, pets, "[]")
    assert (b["user_name"], b["base_objects_accessed"]) == ("BEN", pets)
    assert '"columns":null' in c["base_objects_accessed"]
    assert (d["base_objects_accessed"], d["objects_modified"]) == ("[]", pets)


@pytest.mark.parametrize("hours", [(10,), (11, 12), (9, 10, 11, 12, 13)])
def test_closing_the_books_changes_no_access(usage: Usage, hours: tuple[int, ...]) -> None:
    closed = usage.ask({"accesses": ACCESSES}, close=[DAY + timedelta(hours=hour) for hour in hours], history=HISTORY)
    assert closed == usage.ask({"accesses": ACCESSES}, history=HISTORY)


@pytest.mark.parametrize(
    ("view", "column", "minutes"),
    [("query_history", "end_time", 45), ("query_attribution_history", "end_time", 480)],
)
def test_a_view_is_as_late_as_it_is_documented_to_be(late: Usage, view: str, column: str, minutes: int) -> None:
    def ended(ago: float) -> dict[str, Any]:
        end = datetime.now(UTC) - timedelta(minutes=ago)
        return {
            "query_id": str(ago),
            "warehouse_name": "WH",
            "warehouse_size": "X-Small",
            "start_time": end - timedelta(seconds=10),
            "end_time": end,
            "execution_time": 10_000,
        }

    facts = {"queries": [ended(minutes - 1), ended(minutes + 1)]}
    (shown,) = late.ask(facts, shown=f"select query_id, {column} from snowflake.account_usage.{view}")["shown"]
    assert shown["query_id"] == str(minutes + 1)
