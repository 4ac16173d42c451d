"""DuckDB's results as Snowflake's clients expect them: column types and Arrow or JSON rows.

Types are read from the Arrow schema of the result itself, which saves asking DuckDB to describe the statement again.
"""

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from fakesnow.arrow import to_ipc, to_sf_schema
from fakesnow.rowtype import ColumnInfo

TEXT_LENGTH = 16777216
BINARY_LENGTH = 8388608
MICROSECONDS = 1_000_000
# Snowflake sends the offset of a TIMESTAMP_TZ in minutes, shifted by one day; the local warehouse is always in UTC.
UTC_OFFSET = 1440


def payload(table: pa.Table, *, as_json: bool) -> dict[str, Any]:
    """`rowtype`, `total` and the rows of a result, in the fields of a query response."""
    plain = _plain(table)
    rowtype = [_column(field) for field in plain.schema]
    result: dict[str, Any] = {"rowtype": rowtype, "total": plain.num_rows, "returned": plain.num_rows}
    if as_json:
        rows = zip(*(column.to_pylist() for column in plain.columns), strict=True)
        return result | {
            "queryResultFormat": "json",
            "rowset": [[None if value is None else str(value) for value in row] for row in rows],
        }
    arrow = _to_snowflake(plain, rowtype)
    encoded = b64encode(to_ipc(arrow)).decode() if arrow.num_rows else ""
    return result | {"queryResultFormat": "arrow", "rowsetBase64": encoded}


def _plain(table: pa.Table) -> pa.Table:
    """Replace what only DuckDB or Arrow know (extension types, nested types) by types Snowflake has."""
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        logical, array = _plain_column(field.type, column)
        if field.metadata and b"logical" in field.metadata:
            logical = field.metadata[b"logical"].decode()
        fields.append(pa.field(field.name, array.type, metadata={"logical": logical}))
        columns.append(array)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _plain_column(kind: pa.DataType, column: pa.ChunkedArray) -> tuple[str, pa.ChunkedArray | pa.Array]:
    if isinstance(kind, pa.BaseExtensionType):
        return _plain_extension(kind, column.combine_chunks())
    if pa.types.is_uint64(kind):
        return "fixed", column.cast(pa.decimal128(38, 0))
    if pa.types.is_floating(kind):
        return "real", column.cast(pa.float64())
    if pa.types.is_timestamp(kind):
        return ("timestamp_tz" if kind.tz else "timestamp_ntz"), column
    for is_kind, logical in _KEPT:
        if is_kind(kind):
            return logical, column
    if pa.types.is_nested(kind):
        texts = [None if value is None else json.dumps(value, default=str) for value in column.to_pylist()]
        return ("array" if pa.types.is_list(kind) else "object"), pa.array(texts, pa.string())
    if pa.types.is_null(kind):
        return "text", column.cast(pa.string())
    return "text", pa.array([None if value is None else str(value) for value in column.to_pylist()], pa.string())


_KEPT: tuple[tuple[Callable[[pa.DataType], bool], str], ...] = (
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_integer, "fixed"),
    (pa.types.is_decimal, "fixed"),
    (pa.types.is_binary, "binary"),
    (pa.types.is_date, "date"),
    (pa.types.is_time, "time"),
    (pa.types.is_string, "text"),
)


def _plain_extension(kind: pa.BaseExtensionType, array: pa.Array) -> tuple[str, pa.Array]:
    storage = array.storage
    name = kind.extension_name
    if name == "arrow.json":
        return "variant", storage.cast(pa.string())
    if name == "arrow.bool8":
        return "boolean", storage.cast(pa.bool_())
    if name == "arrow.opaque" and pa.types.is_fixed_size_binary(storage.type) and storage.type.byte_width == 16:
        # HUGEINT and Arrow's decimal128 are the same sixteen bytes.
        buffers = storage.buffers()
        return "fixed", pa.Array.from_buffers(pa.decimal128(38, 0), len(storage), buffers, offset=storage.offset)
    return "text", pa.array([None if value is None else str(value) for value in array.to_pylist()], pa.string())


def _column(field: pa.Field) -> ColumnInfo:
    logical = field.metadata[b"logical"].decode()
    info: ColumnInfo = {
        "name": field.name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": logical,
        "byteLength": None,
        "length": None,
        "scale": None,
        "precision": None,
        "collation": None,
    }
    if logical == "fixed":
        decimal = pa.types.is_decimal(field.type)
        info["precision"] = field.type.precision if decimal else 38
        info["scale"] = field.type.scale if decimal else 0
    elif logical == "text":
        info["length"] = info["byteLength"] = TEXT_LENGTH
    elif logical == "binary":
        info["length"] = info["byteLength"] = BINARY_LENGTH
    elif logical.startswith("time"):
        info["precision"], info["scale"] = 0, 9
    return info


def _to_snowflake(table: pa.Table, rowtype: list[ColumnInfo]) -> pa.Table:
    columns = [_to_snowflake_column(column) for column in table.columns]
    fields = [
        pa.field(f.name, f.type if _keeps_type(f.type) else c.type) for f, c in zip(table.schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=to_sf_schema(pa.schema(fields), rowtype))


def _keeps_type(kind: pa.DataType) -> bool:
    """fakesnow's schema function turns these into Snowflake's physical types itself."""
    return pa.types.is_timestamp(kind) or pa.types.is_time64(kind)


def _to_snowflake_column(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    if pa.types.is_timestamp(column.type):
        return _timestamp_struct(column)
    if pa.types.is_time64(column.type):
        nanoseconds = 1000 if column.type.unit == "us" else 1
        return pc.multiply(column.cast(pa.int64()), nanoseconds)
    return column


def _timestamp_struct(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """Epoch and fraction, as Snowflake sends timestamps; fakesnow's own version turns NULL into 1970-01-01."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    missing = array.is_null()
    micros = array.cast(pa.timestamp("us", tz=array.type.tz), safe=False).cast(pa.int64()).fill_null(0)
    whole = pc.floor_temporal(micros.cast(pa.timestamp("us")), unit="second").cast(pa.int64())
    epoch = pc.divide(whole, MICROSECONDS)
    fraction = pc.multiply(pc.subtract(micros, whole), 1000).cast(pa.int32())
    arrays = [epoch, fraction]
    fields = [pa.field("epoch", pa.int64(), nullable=False), pa.field("fraction", pa.int32(), nullable=False)]
    if array.type.tz:
        arrays.append(pa.array([UTC_OFFSET] * len(array), pa.int32()))
        fields.append(pa.field("timezone", pa.int32(), nullable=False))
    return pa.StructArray.from_arrays(arrays, fields=fields, mask=missing)
