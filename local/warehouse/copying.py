"""COPY INTO and stages, where fakesnow's version would damage data or stops short.

fakesnow lets DuckDB guess a CSV file's types (a text column's '00123' would arrive as 123) and the names of its
columns (which change from the eleventh on). Here every field is read as text and the column's own type decides.
"""

import gzip
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from fakesnow import copy_into
from fakesnow.transforms import stage
from sqlglot import exp

from .errors import SqlError, does_not_exist
from .names import full_name, identifier_name, quoted

if TYPE_CHECKING:
    from .session import Session

# A field of Snowflake's may hold 16 MB. DuckDB would take sixteen times the longest line for each reader's buffer.
LONGEST_LINE = 24 * 2**20
# Options that ask for what happens anyway.
_HARMLESS_CSV = {
    "RECORD_DELIMITER",
    "TRIM_SPACE",
    "ERROR_ON_COLUMN_COUNT_MISMATCH",
    "REPLACE_INVALID_CHARACTERS",
    "ENCODING",
    "SKIP_BLANK_LINES",
    "DATE_FORMAT",
    "TIME_FORMAT",
    "TIMESTAMP_FORMAT",
    "ESCAPE",
}

_SNIFFED_BYTES = 2**20
# An argument of our own on the COPY expression: the positions of its TIMESTAMP_TZ columns.
_ZONED = "timestamp_tz_positions"

_fakesnow_inserts = copy_into._inserts
_fakesnow_csv = copy_into.handle_csv
_fakesnow_urls = copy_into._source_urls


def _inserts(expr: exp.Copy, params: Any, urls: list[str], parquet_info: Any = None) -> list[exp.Expr]:
    target = expr.this
    source = expr.args["files"][0]
    if not isinstance(params.file_format, copy_into.ReadCSV) or isinstance(source, exp.Subquery):
        return _fakesnow_inserts(expr, params, urls, parquet_info)
    names = [f"c{number}" for number in range(len(target.expressions))]
    zoned = expr.args.get(_ZONED) or ()
    select = exp.select(*(_with_offset(name) if number in zoned else name for number, name in enumerate(names)))
    return [
        exp.Insert(this=target, expression=select.from_(exp.Table(this=_read_csv(params.file_format, url, names))))
        for url in urls
    ]


def _with_offset(name: str) -> exp.Expr:
    """Snowflake reads `2026-01-01 10:00:00 +0200`; DuckDB wants the offset without the space and with a colon."""
    pattern = r"\s*([+-]\d\d):?(\d\d)$"
    return exp.maybe_parse(f"regexp_replace({name}, '{pattern}', '\\1:\\2')::TIMESTAMPTZ", dialect="duckdb")


def _read_csv(csv: Any, url: str, names: list[str]) -> exp.Expr:
    read = csv.read_expression(url)
    fixed = {name for name in ("quote", "sep") if any(_option(e) == name for e in read.expressions)}
    columns = ", ".join(f"'{name}': 'VARCHAR'" for name in names)
    options = [
        f"columns = {{{columns}}}",
        "auto_detect = false",
        f"max_line_size = {LONGEST_LINE}",
        f"buffer_size = {LONGEST_LINE}",
    ]
    if "sep" not in fixed:
        options.append("sep = ','")
    options.append("escape = '\"'" if csv.quote else "escape = ''")
    options.append(f"new_line = '{_record_end(url, csv.quote)}'")
    for option in options:
        read.append("expressions", exp.maybe_parse(option, dialect="duckdb"))
    return read


def _record_end(url: str, quote: str | None) -> str:
    """Snowflake takes both kinds of newline; DuckDB must be told which, and must not be misled by quoted ones."""
    opener = gzip.open if url.endswith(".gz") else open
    with opener(url, "rb") as file:
        beginning = file.read(_SNIFFED_BYTES)
    outside = beginning.split(quote.encode())[::2] if quote else [beginning]
    first = next((part for part in outside if b"\n" in part), b"")
    return "\\r\\n" if b"\r\n" in first[: first.find(b"\n") + 1] else "\\n"


def _option(expression: exp.Expr) -> str:
    return expression.this.name if isinstance(expression, exp.EQ) else ""


def _handle_csv(options: dict[str, Any]) -> Any:
    if str(options.get("RECORD_DELIMITER", "\\n")) not in {"\\n", "\n", "\\r\\n", "\r\n", "NONE"}:
        raise SqlError(2, "0A000", "The local warehouse reads CSV records that end with a newline; leave the default.")
    return _fakesnow_csv({name: value for name, value in options.items() if name not in _HARMLESS_CSV})


def _source_urls(source: str, files: list[str]) -> list[str]:
    if not stage.is_internal(source):
        return _fakesnow_urls(source, files)
    paths = [f"{source.rstrip('/')}/{file.lstrip('/')}" for file in files]
    for path in paths:
        if not Path(path).is_file():
            name = stage.internal_file_name(path)
            raise SqlError(91016, "22000", f"Remote file '{name}' was not found.")
    return paths


def install() -> None:
    """Put these in place of fakesnow's."""
    copy_into._inserts = _inserts
    copy_into.handle_csv = _handle_csv
    copy_into._source_urls = _source_urls


@contextmanager
def in_target_database(expression: exp.Expr, session: "Session") -> Iterator[None]:
    """fakesnow keeps the load history in the current database; it belongs to the one that is loaded."""
    if not isinstance(expression, exp.Copy) or not isinstance(expression.this, exp.Table | exp.Schema):
        yield
        return
    table = expression.this if isinstance(expression.this, exp.Table) else expression.this.this
    database, schema, name = full_name(table, session)
    _name_columns(expression, f"{database}.{schema}.{name}", session)
    before = session.database, session.schema
    session.stand_in(database, schema)
    try:
        yield
    finally:
        session.stand_in(*before)


def _name_columns(copy: exp.Copy, name: str, session: "Session") -> None:
    """Give a COPY of CSV its column list (none means all, in order) and note which columns are TIMESTAMP_TZ."""
    if isinstance(copy.args["files"][0], exp.Subquery) or _file_type(copy) != "CSV":
        return
    types = {row[0]: row[1] for row in session.duck.execute(f"DESCRIBE {quoted(name)}").fetchall()}
    if isinstance(copy.this, exp.Table):
        columns = [exp.to_identifier(column, quoted=True) for column in types]
        copy.set("this", exp.Schema(this=copy.this, expressions=columns))
    names = [identifier_name(column) for column in copy.this.expressions]
    copy.set(_ZONED, {number for number, column in enumerate(names) if types.get(column) == "TIMESTAMP WITH TIME ZONE"})


def _file_type(copy: exp.Copy) -> str:
    for param in copy.args.get("params") or ():
        if param.name.upper() == "FILE_FORMAT":
            for prop in param.expressions:
                if prop.name.upper() in {"TYPE", "FORMAT_NAME"}:
                    return prop.args["value"].name.upper()
    return "CSV"


def drop_stage(drop: exp.Drop, session: "Session") -> str:
    """DROP STAGE, which fakesnow lacks."""
    table = drop.args["tables"][0] if drop.args.get("tables") else drop.this
    database, schema, name = full_name(table, session)
    with session.storage.cursor() as cursor:
        deleted = cursor.execute(
            "DELETE FROM _fs_global._fs_information_schema._fs_stages "
            "WHERE database_name = ? AND schema_name = ? AND name = ? RETURNING name",
            [database, schema, name],
        ).fetchall()
    if not deleted and not drop.args.get("exists"):
        raise does_not_exist("Stage", f"{database}.{schema}.{name}")
    shutil.rmtree(stage.internal_dir(f"{database}.{schema}.{name}"), ignore_errors=True)
    return name


def remove_files(reference: str, session: "Session") -> pa.Table:
    """REMOVE @stage/path: every file whose path begins so, as Snowflake reports them."""
    name, _, path = reference.strip().strip("'").removeprefix("@").partition("/")
    parts = stage.parts_from_var(name, session.database, session.schema)
    root = Path(stage.internal_dir(".".join(parts)))
    wanted = stage.internal_dir(".".join(parts), path)
    removed = []
    for file in sorted(p for p in root.rglob("*") if p.is_file() and str(p).startswith(wanted)):
        file.unlink()
        removed.append(stage.internal_file_name(str(file)))
    return pa.table(
        {"name": pa.array(removed, pa.string()), "result": pa.array(["removed"] * len(removed), pa.string())}
    )
