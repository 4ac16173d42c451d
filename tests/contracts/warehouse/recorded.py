"""The record of a warehouse that has stopped, read as the server wrote it.

The platform's environment has no DuckDB, so the warehouse's own Python reads the file.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from tests.standins import ROOT, Standin

PYTHON = ROOT / ".venvs" / "warehouse" / "bin" / "python"
READ = """
import duckdb, json, sys
record = duckdb.connect(sys.argv[1])
tables = {}
for (name,) in record.execute("show tables").fetchall():
    result = record.execute(f"select * from {name}")
    columns = [column[0] for column in result.description]
    tables[name] = [dict(zip(columns, row)) for row in result.fetchall()]
print(json.dumps(tables, default=str))
"""

Row = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """The rows of each raw table."""

    tables: dict[str, list[Row]]

    def find(self, table: str, **wanted: Any) -> list[Row]:
        return [row for row in self.tables[table] if all(row[key] == value for key, value in wanted.items())]

    def one(self, table: str, **wanted: Any) -> Row:
        (row,) = self.find(table, **wanted)
        return row

    def query(self, query_id: str | None) -> Row:
        return self.one("queries", query_id=query_id)

    def accesses(self, query_id: str | None, role: str) -> dict[str, list[str] | None]:
        """Columns by object."""
        found = self.find("accesses", query_id=query_id, access_role=role)
        return {row["object_name"]: row["columns"] and sorted(row["columns"]) for row in found}

    def dml(self, query_id: str | None) -> dict[str, tuple[int, int, int]]:
        """Rows added, removed and updated, by table."""
        found = self.find("dml", query_id=query_id)
        return {row["object_name"]: (row["rows_added"], row["rows_removed"], row["rows_updated"]) for row in found}

    def versions(self, name: str) -> list[Row]:
        """The versions of DATABASE.SCHEMA.NAME, oldest first."""
        database, schema, relation = name.split(".")
        found = self.find("objects", database_name=database, schema_name=schema, name=relation)
        return sorted((row for row in found if row["kind"] in {"TABLE", "VIEW"}), key=lambda row: row["created"])


def record_of(server: Standin) -> Record:
    """Stop the server and read what it wrote."""
    server.stop()
    return read(server)


def read(server: Standin) -> Record:
    file = server.data_dir / "history.db"
    done = subprocess.run([PYTHON, "-c", READ, file], capture_output=True, text=True, timeout=60, check=True)
    return Record(json.loads(done.stdout))
