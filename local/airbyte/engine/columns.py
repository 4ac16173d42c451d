"""JSON schema to Snowflake columns, and JSON values to the text of a CSV field, as destination-snowflake v4 does.

A value its column cannot hold does not fail the sync: it is loaded as NULL and named in _AIRBYTE_META.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from local.airbyte.models import Json

NULL = "\\N"
MAX_STRING_BYTES = 16 * 1024 * 1024
MAX_INTEGER = 10**38
TYPECAST = "DESTINATION_TYPECAST_ERROR"
TOO_LARGE = "DESTINATION_FIELD_SIZE_LIMITATION"

META_COLUMNS = (
    ("_AIRBYTE_RAW_ID", "VARCHAR NOT NULL"),
    ("_AIRBYTE_EXTRACTED_AT", "TIMESTAMP_TZ NOT NULL"),
    ("_AIRBYTE_META", "VARIANT NOT NULL"),
    ("_AIRBYTE_GENERATION_ID", "NUMBER"),
)


class TooLarge(ValueError):
    """Longer than Snowflake's column."""


def quoted(text: str) -> str:
    """A CSV field that is never taken for NULL."""
    return '"' + text.replace('"', '""') + '"'


def _string(value: Any) -> str:
    text = value if type(value) is str else orjson.dumps(value).decode()
    # A character has four bytes at most, so only long texts need counting.
    if len(text) > MAX_STRING_BYTES // 4 and len(text.encode()) > MAX_STRING_BYTES:
        raise TooLarge
    return quoted(text)


def _json(value: Any) -> str:
    return _string(orjson.dumps(value).decode())


def _of_type(kind: type) -> Callable[[Any], str]:
    def convert(value: Any) -> str:
        if not isinstance(value, kind):
            raise ValueError(f"not a {kind.__name__}")
        return _json(value)

    return convert


def _integer(value: Any) -> str:
    number = value if type(value) is int else _whole(value)
    if not -MAX_INTEGER < number < MAX_INTEGER:
        raise ValueError("more than 38 digits")
    return str(number)


def _whole(value: Any) -> int:
    number = int(value)
    if isinstance(value, bool) or (isinstance(value, float) and value != number):
        raise ValueError("not an integer")
    return number


def _number(value: Any) -> str:
    if type(value) is float:
        return repr(value)
    if isinstance(value, bool):
        raise ValueError("a boolean")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("not finite")
    return repr(number)


def _boolean(value: Any) -> str:
    if not isinstance(value, bool):
        raise ValueError("not a boolean")
    return "true" if value else "false"


def _date(value: Any) -> str:
    return dt.date.fromisoformat(value).isoformat()


def _timestamp_tz(value: Any) -> str:
    parsed = dt.datetime.fromisoformat(value)
    return value if parsed.tzinfo else f"{value}Z"


def _timestamp_ntz(value: Any) -> str:
    return dt.datetime.fromisoformat(value).replace(tzinfo=None).isoformat()


def _time(value: Any) -> str:
    return dt.time.fromisoformat(value).replace(tzinfo=None).isoformat()


_STRING_FORMATS: dict[tuple[str | None, str | None], tuple[str, Callable[[Any], str]]] = {
    ("date", None): ("DATE", _date),
    ("date-time", None): ("TIMESTAMP_TZ", _timestamp_tz),
    ("date-time", "timestamp_with_timezone"): ("TIMESTAMP_TZ", _timestamp_tz),
    ("date-time", "timestamp_without_timezone"): ("TIMESTAMP_NTZ", _timestamp_ntz),
    ("time", None): ("TIME", _time),
    ("time", "time_without_timezone"): ("TIME", _time),
}
_TYPES: dict[str, tuple[str, Callable[[Any], str]]] = {
    "string": ("VARCHAR", _string),
    "integer": ("NUMBER", _integer),
    "number": ("FLOAT", _number),
    "boolean": ("BOOLEAN", _boolean),
    "object": ("OBJECT", _of_type(dict)),
    "array": ("ARRAY", _of_type(list)),
}
_UNKNOWN = ("VARIANT", _json)


def _column_type(schema: Json) -> tuple[str, Callable[[Any], str]]:
    declared = schema.get("type")
    types = [declared] if isinstance(declared, str) else [kind for kind in declared or [] if kind != "null"]
    if len(types) != 1 or "oneOf" in schema or "anyOf" in schema:
        return _UNKNOWN
    if types[0] == "string":
        key = (schema.get("format"), schema.get("airbyte_type"))
        return _STRING_FORMATS.get(key, _TYPES["string"])
    if types[0] == "number" and schema.get("airbyte_type") == "integer":
        return _TYPES["integer"]
    return _TYPES.get(types[0], _UNKNOWN)


@dataclass(frozen=True)
class Column:
    """One column of a stream: its field in the record, its name and type in Snowflake, and how a value is written."""

    field: str
    name: str
    type: str
    convert: Callable[[Any], str]


def column_name(field: str) -> str:
    """destination-snowflake v4 upper-cases and always quotes; only these sequences would break the quoting."""
    return field.upper().replace("${", "__").replace("}", "_").replace('"', "_")


def columns_of(schema: Json, selected: set[str] | None) -> tuple[Column, ...]:
    """The columns of a stream's schema, or of the selected fields; names that collide get a numbered suffix."""
    columns: list[Column] = []
    taken: set[str] = set()
    for field, declared in schema.get("properties", {}).items():
        if selected is not None and field not in selected:
            continue
        name = base = column_name(field)
        suffix = 0
        while name in taken:
            suffix += 1
            name = f"{base}_{suffix}"
        taken.add(name)
        type_name, convert = _column_type(declared)
        columns.append(Column(field, name, type_name, convert))
    return tuple(columns)
