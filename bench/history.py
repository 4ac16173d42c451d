"""`python -m bench.history`: what each question to the meta layer costs when a year of work is on record.

Writes a record of a million statements and ten thousand tables straight into the local warehouse's raw tables
(`history.sql`: seeded, so the same every time), makes the tables, starts the warehouse on it and asks every question
through the unmodified connector, each a few times in a new order. Prints seconds and writes them as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import snowflake.connector

from bench.machine import machine
from include.metalayer import query
from tests.standins import ROOT, Standin, start

RESULTS = ROOT / "bench" / "results" / "history.json"
PYTHON = ROOT / ".venvs" / "warehouse" / "bin" / "python"
# Runs where DuckDB is: in the warehouse's own environment.
WRITER = """
import json, sys
from pathlib import Path
import duckdb

COLUMNS = "ID BIGINT, NAME VARCHAR, AMOUNT DECIMAL(18, 2), CHANGED_AT TIMESTAMP"
folder, variables = Path(sys.argv[1]), json.loads(sys.argv[2])
duck = duckdb.connect(str(folder / "history.db"), config={"threads": 2})
duck.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
duck.execute(Path("local/warehouse/history/tables.sql").read_text())
for name, value in variables.items():
    duck.execute(f"SET VARIABLE {name} = ?", [value])
duck.execute(Path("bench/history.sql").read_text())
tables = duck.execute(
    "SELECT database_name, schema_name, name FROM objects WHERE kind = 'TABLE' AND deleted IS NULL"
).fetchall()
duck.close()
(folder / "databases").mkdir()
for database in {table[0] for table in tables}:
    duck = duckdb.connect(str(folder / "databases" / f"{database}.db"))
    duck.begin()
    mine = [table for table in tables if table[0] == database]
    for schema in {table[1] for table in mine}:
        duck.execute(f"CREATE SCHEMA {schema}")
    for _, schema, name in mine:
        duck.execute(f"CREATE TABLE {schema}.{name} ({COLUMNS})")
    duck.commit()
    duck.close()
"""


def write(folder: Path, *, queries: int, tables: int, days: int, seed: int) -> None:
    """A data directory of the local warehouse with a record of that size, up to now."""
    folder.mkdir(parents=True)
    until = datetime.now(UTC).isoformat()
    variables = {"queries": queries, "tables": tables, "days": days, "seed": seed, "until": until}
    subprocess.run([str(PYTHON), "-c", WRITER, str(folder), json.dumps(variables)], cwd=ROOT, check=True)


def ask(server: Standin, rounds: int) -> dict[str, dict[str, float]]:
    """Seconds and rows of every question; the first one asked waits for the warehouse to know what its past cost."""
    os.environ["REQUESTS_CA_BUNDLE"] = str(server.ca_bundle)
    connection = snowflake.connector.connect(
        account="local", host="127.0.0.1", port=server.port, user="META", password="any", database="BENCH"
    )
    began = time.perf_counter()
    cursor = connection.cursor()
    cursor.execute("select count(*) from snowflake.account_usage.warehouse_metering_history")
    print(f"{'(ready)':32} {time.perf_counter() - began:7.2f} s")
    questions = list(query.load().values())
    seconds: dict[str, list[float]] = {question.name: [] for question in questions}
    rows: dict[str, int] = {}
    for turn in range(rounds):
        random.Random(turn).shuffle(questions)
        for question in questions:
            began = time.perf_counter()
            cursor.execute(question.sql)
            rows[question.name] = len(cursor.fetchall())
            seconds[question.name].append(time.perf_counter() - began)
    connection.close()
    return {
        name: {"median": round(statistics.median(found), 2), "max": round(max(found), 2), "rows": rows[name]}
        for name, found in seconds.items()
    }


def main() -> None:
    """Write, ask, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m bench.history", description=__doc__)
    parser.add_argument("--queries", type=int, default=1_000_000)
    parser.add_argument("--tables", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=2017)
    parser.add_argument("--rounds", type=int, default=3)
    size = vars(parser.parse_args())
    rounds = size.pop("rounds")
    with tempfile.TemporaryDirectory(prefix="backbeat-history-") as folder:
        data_dir = Path(folder) / "warehouse"
        write(data_dir, **size)
        server = start("warehouse", data_dir=data_dir)
        try:
            found = ask(server, rounds)
        finally:
            server.stop()
    for name, figures in sorted(found.items(), key=lambda item: -item[1]["median"]):
        print(f"{name:32} {figures['median']:7.2f} s {figures['max']:7.2f} s at most {figures['rows']:7} rows")
    RESULTS.write_text(
        json.dumps({"machine": machine(), **size, "rounds": rounds, "questions": found}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()
