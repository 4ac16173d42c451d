"""What can be read: tables and views with their columns, as JSON schema in source-postgres's vocabulary."""

from __future__ import annotations

from typing import Any

import psycopg

_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, t.typname, t.typcategory
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition AND n.nspname = ANY(%s)
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname, a.attnum
"""

_PRIMARY_KEYS = """
SELECT n.nspname, c.relname, a.attname
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN LATERAL unnest(i.indkey::smallint[]) WITH ORDINALITY AS key (attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = key.attnum
WHERE i.indisprimary AND n.nspname = ANY(%s)
ORDER BY n.nspname, c.relname, key.place
"""

_INTEGER = {"type": "number", "airbyte_type": "integer"}
_NUMBER = {"type": "number"}
_TYPES: dict[str, dict[str, Any]] = {
    "int2": _INTEGER,
    "int4": _INTEGER,
    "int8": _INTEGER,
    "numeric": _NUMBER,
    "float4": _NUMBER,
    "float8": _NUMBER,
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "timestamptz": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
    "timestamp": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_without_timezone"},
    "time": {"type": "string", "format": "time", "airbyte_type": "time_without_timezone"},
    "timetz": {"type": "string", "format": "time", "airbyte_type": "time_with_timezone"},
}


def json_schema(type_name: str, category: str) -> dict[str, Any]:
    """The JSON schema of a PostgreSQL type; what JSON has no type for is a string."""
    if category == "A":
        return {"type": "array"}
    return _TYPES.get(type_name, {"type": "string"})


def tables(
    connection: psycopg.Connection[Any], schemas: list[str]
) -> dict[tuple[str, str], dict[str, tuple[str, str]]]:
    """Each (schema, table) with its columns in order: name to (type name, type category)."""
    found: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}
    for schema, table, column, type_name, category in connection.execute(_COLUMNS, [schemas]):
        found.setdefault((schema, table), {})[column] = (type_name, category)
    return found


def discover(connection: psycopg.Connection[Any], schemas: list[str]) -> list[dict[str, Any]]:
    """The streams of the given schemas, each with its columns' schema and its primary key."""
    keys: dict[tuple[str, str], list[list[str]]] = {}
    for schema, table, column in connection.execute(_PRIMARY_KEYS, [schemas]):
        keys.setdefault((schema, table), []).append([column])
    return [
        {
            "name": table,
            "namespace": schema,
            "json_schema": {
                "type": "object",
                "properties": {name: json_schema(*types) for name, types in columns.items()},
            },
            "supported_sync_modes": ["full_refresh", "incremental"],
            "source_defined_cursor": False,
            "default_cursor_field": [],
            "source_defined_primary_key": keys.get((schema, table), []),
            "is_resumable": True,
        }
        for (schema, table), columns in tables(connection, schemas).items()
    ]
