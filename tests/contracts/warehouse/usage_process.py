"""ACCOUNT_USAGE over facts that a test has planted: a program for the warehouse's own environment.

One JSON object per line in: the rows of raw tables, the hours to close the books at, and the questions to ask. One per
line out: the rows of each answer.
A server can only show what ran a moment ago; a price is checked on statements whose every millisecond is known.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from include.metalayer import contract
from local.warehouse.account_usage import catalog
from local.warehouse.account_usage.ledger import Ledger
from local.warehouse.account_usage.visibility import Visibility

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = {"things": {"ROLE": {}}, "grants": [], "future_grants": [], "temporary": {}}
# What each table wants in a row, whatever a test says about it.
USUAL: dict[str, dict[str, Any]] = {
    "queries": {
        "query_text": "select 1",
        "query_type": "SELECT",
        "query_tag": "",
        "execution_status": "SUCCESS",
        "session_id": 1,
        "user_name": "ANN",
        "is_client_generated": False,
    },
    "warehouse_changes": {
        "warehouse_id": 7,
        "event": "CREATE",
        "size": "X-Small",
        "warehouse_type": "STANDARD",
        "auto_suspend": 60,
        "auto_resume": True,
        "min_cluster_count": 1,
        "max_cluster_count": 1,
    },
    "objects": {
        "kind": "TABLE",
        "database_name": "D",
        "schema_name": "S",
        "is_transient": False,
        "is_temporary": False,
        "retention_days": 1,
    },
    "dml": {"query_id": "q", "rows_added": 0, "rows_removed": 0, "rows_updated": 0},
    "accesses": {"user_name": "ANN", "object_domain": "Table"},
}
USUAL["running"] = USUAL["queries"] | {"execution_status": "RUNNING"}


CLOSED = "closed_runs closed_hours closed_attributions begun carried closed_accesses patterns"


def prepare(folder: Path, visibility: Visibility) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the raw tables, empty, and the views over them."""
    account = folder / "account.json"
    account.write_text(json.dumps(ACCOUNT))
    duck = duckdb.connect(":memory:", config={"threads": 1})
    duck.execute("SET GLOBAL TimeZone = 'UTC'")
    duck.execute("ATTACH ':memory:' AS _history; USE _history")
    duck.execute((ROOT / "local" / "warehouse" / "history" / "tables.sql").read_text())
    # COLUMNS stands on the information schema of the server, which is not here.
    duck.execute("ATTACH ':memory:' AS _fs_global; CREATE SCHEMA _fs_global._fs_information_schema")
    duck.execute("USE memory")
    columns = ", ".join(f"NULL AS {name}" for name in _INFORMATION_SCHEMA.split())
    duck.execute(f"CREATE VIEW _fs_global._fs_information_schema._fs_columns AS SELECT {columns}")
    catalog.install(duck, contract.load().values(), account_file=account, visibility=visibility)
    return duck


_INFORMATION_SCHEMA = """column_name table_name table_schema table_catalog ordinal_position column_default is_nullable
    data_type character_maximum_length character_octet_length numeric_precision numeric_precision_radix numeric_scale
    collation_name is_identity comment"""


def plant(duck: duckdb.DuckDBPyConnection, facts: dict[str, list[dict[str, Any]]]) -> None:
    for table in USUAL:
        duck.execute(f"DELETE FROM _history.main.{table}")
    for table in CLOSED.split():
        duck.execute(f"DELETE FROM snowflake._derived.{table}")
    duck.execute("UPDATE snowflake._derived.closed SET until = '-infinity'")
    for table, rows in facts.items():
        for row in (USUAL[table] | row for row in rows):
            marks = ", ".join("?" * len(row))
            duck.execute(f"INSERT INTO _history.main.{table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def answer(duck: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    result = duck.execute(sql)
    names = [column[0].lower() for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def main() -> None:
    folder, visibility = Path(sys.argv[1]), Visibility(**json.loads(sys.argv[2]))
    duck = prepare(folder, visibility)
    for line in sys.stdin:
        request = json.loads(line)
        plant(duck, request["facts"])
        for until in request["close"]:
            Ledger(duck).close(datetime.fromisoformat(until))
        answers = {name: answer(duck, sql) for name, sql in request["ask"].items()}
        print(json.dumps(answers, default=str), flush=True)


if __name__ == "__main__":
    main()
