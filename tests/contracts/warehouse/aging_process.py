"""Makes the record of a stopped warehouse older, and some statements longer: a program for the warehouse's environment.

What the questions look for takes months to come about. So a test lets statements really run, and then moves everything
that is known of them into the past, as if the clock had been put back while they ran.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb


def stretch(duck: duckdb.DuckDBPyConnection, *, like: str, seconds: float, queued: float = 0) -> None:
    """Let the newest statements of this text have taken so long."""
    duck.execute(
        """
        UPDATE queries SET
            execution_time = $seconds * 1000,
            queued_overload_time = $queued * 1000,
            total_elapsed_time = compilation_time + ($seconds + $queued) * 1000,
            end_time = start_time + to_milliseconds((compilation_time + ($seconds + $queued) * 1000)::bigint)
        WHERE query_text LIKE $like AND start_time > now() - INTERVAL 1 HOUR AND warehouse_size IS NOT NULL
        """,
        {"like": like, "seconds": seconds, "queued": queued},
    )


def age(duck: duckdb.DuckDBPyConnection, by: timedelta) -> None:
    """Move every time in every table."""
    moments = duck.execute(
        "SELECT table_name, column_name FROM duckdb_columns() "
        "WHERE database_name = 'history' AND data_type = 'TIMESTAMP WITH TIME ZONE'"
    ).fetchall()
    for table in sorted({table for table, _ in moments}):
        sets = ", ".join(f"{column} = {column} - $by" for name, column in moments if name == table)
        duck.execute(f"UPDATE {table} SET {sets}", {"by": by})


def aged(value: Any, by: timedelta) -> Any:
    """The account's own file with each `created_on` moved."""
    if isinstance(value, list):
        return [aged(each, by) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (datetime.fromisoformat(each) - by).isoformat() if key == "created_on" and each else aged(each, by)
        for key, each in value.items()
    }


def main() -> None:
    folder, request = Path(sys.argv[1]), json.loads(sys.argv[2])
    by = timedelta(days=request["days"])
    with duckdb.connect(folder / "history.db") as duck:
        duck.execute("SET TimeZone = 'UTC'")
        for each in request["stretched"]:
            stretch(duck, **each)
        age(duck, by)
    account = folder / "account.json"
    account.write_text(json.dumps(aged(json.loads(account.read_text()), by)))


if __name__ == "__main__":
    main()
