"""What DuckDB holds at the moment: for a start, when the record may have missed something, and for sizes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import duckdb

from local.warehouse.names import quoted

from .facts import Created

# DuckDB's block.
BLOCK_BYTES = 262_144
_INTERNAL = ("main", "_fs_information_schema", "information_schema", "pg_catalog")


class Present(NamedTuple):
    """An object that exists; `rows` as DuckDB estimates them, None for all but tables."""

    created: Created
    rows: int | None = None


class Size(NamedTuple):
    """How big a table is now."""

    rows: int
    bytes: int


def present(duck: duckdb.DuckDBPyConnection, databases: Iterable[str]) -> Iterator[Present]:
    """Everything in these databases, containers first."""
    names = list(databases)
    yield from (Present(Created("DATABASE", name)) for name in names)
    known = "database_name IN (SELECT unnest($1)) AND schema_name NOT IN (SELECT unnest($2))"
    given = [names, list(_INTERNAL)]
    for database, schema in duck.execute(
        f"SELECT database_name, schema_name FROM duckdb_schemas() WHERE {known}", given
    ).fetchall():
        yield Present(Created("SCHEMA", f"{database}.{schema}"))
    for database, schema, name, rows in duck.execute(
        f"SELECT database_name, schema_name, table_name, estimated_size FROM duckdb_tables() WHERE {known}", given
    ).fetchall():
        yield Present(Created("TABLE", f"{database}.{schema}.{name}"), rows)
    for database, schema, name, sql in duck.execute(
        f"SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE {known}", given
    ).fetchall():
        yield Present(Created("VIEW", f"{database}.{schema}.{name}", definition=sql))


def count(duck: duckdb.DuckDBPyConnection, name: str) -> int:
    found = duck.execute(f"SELECT count(*) FROM {quoted(name)}").fetchone()
    return int(found[0]) if found else 0


def size(duck: duckdb.DuckDBPyConnection, name: str) -> Size | None:
    """Rows, and whole blocks of the file as of the last checkpoint; None when the table is gone.

    Small tables share blocks, and each of them counts the whole block.
    """
    path = quoted(name).replace("'", "''")
    try:
        rows = count(duck, name)
        found = duck.execute(
            f"SELECT count(DISTINCT block_id) FROM pragma_storage_info('{path}') WHERE block_id >= 0"
        ).fetchone()
    except duckdb.Error:
        return None
    return Size(rows, (int(found[0]) if found else 0) * BLOCK_BYTES)
