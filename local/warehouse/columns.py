"""DESCRIBE TABLE: a relation's columns with Snowflake's types.

dbt asks this for every incremental model and every model whose docs it persists, so it is answered from DuckDB's
own description of the one relation instead of from the information schema of them all.
"""

import re
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from .account_usage.references import view_of
from .names import full_name, quoted
from .results import TEXT_LENGTH

if TYPE_CHECKING:
    from .session import Session

_TYPES = {
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "DOUBLE": "FLOAT",
    "FLOAT": "FLOAT",
    "BLOB": "BINARY(8388608)",
    "JSON": "VARIANT",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
}
_COLUMNS = (
    "name",
    "type",
    "kind",
    "null?",
    "default",
    "primary key",
    "unique key",
    "check",
    "expression",
    "comment",
    "policy name",
    "privacy domain",
)


def describe(describe: exp.Describe, session: "Session") -> pa.Table | None:
    """None for what is not a table or view of a database's own."""
    if str(describe.args.get("kind") or "TABLE").upper() not in {"TABLE", "VIEW"} or not isinstance(
        describe.this, exp.Table
    ):
        return None
    database, schema, name = full_name(describe.this, session)
    if schema.upper() == "INFORMATION_SCHEMA" or not isinstance(describe.this.this, exp.Identifier):
        return None
    view = view_of((database, schema, name), session)
    found = session.duck.execute(f"DESCRIBE {quoted(f'{database}.{schema}.{name}')}").fetchall()
    lengths = dict(
        session.duck.execute(
            "SELECT ext_column_name, ext_character_maximum_length "
            "FROM _fs_global._fs_information_schema._fs_columns_ext "
            "WHERE ext_table_catalog = ? AND ext_table_schema = ? AND ext_table_name = ?",
            [database, schema, name],
        ).fetchall()
    )
    rows = []
    for column, kind, nullable, key, default, _ in found:
        is_key = "Y" if key == "PRI" else "N"
        type_name = documented_type(view.columns[column]) if view else snowflake_type(kind, lengths.get(column))
        rows.append((column, type_name, "COLUMN", nullable[0], default, is_key, "N", None, None, None, None, None))
    by_column = zip(*rows, strict=True)
    arrays = [pa.array(values, pa.string()) for values in by_column]
    return pa.Table.from_arrays(arrays, names=list(_COLUMNS))


def documented_type(kind: str) -> str:
    """A type of a contract with the digits that Snowflake shows."""
    return {
        "NUMBER": "NUMBER(38,0)",
        "VARCHAR": f"VARCHAR({TEXT_LENGTH})",
        "TIMESTAMP_LTZ": "TIMESTAMP_LTZ(9)",
    }.get(kind, kind)


def snowflake_type(kind: str, length: int | None = None) -> str:
    """Snowflake's name for a DuckDB type."""
    if kind == "VARCHAR":
        return f"VARCHAR({length or TEXT_LENGTH})"
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"NUMBER({match[1]},{match[2]})"
    if kind.removeprefix("U").endswith("INT") or kind.endswith("INTEGER"):
        return "NUMBER(38,0)"
    if kind.endswith("[]"):
        return "ARRAY"
    return _TYPES.get(kind, "OBJECT" if kind.startswith(("STRUCT", "MAP")) else "VARCHAR(16777216)")
