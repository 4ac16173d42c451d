"""Rows that a statement adds, removes and updates in its table, and the files a COPY loads.

What DuckDB answers tells most of it. Where it does not (CTAS, CLONE, TRUNCATE, INSERT OVERWRITE) the table's rows are
counted, which DuckDB does without reading them.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
from fakesnow.transforms import stage
from sqlglot import exp

from local.warehouse.names import dotted

from .accesses import target_table
from .facts import Changed, Loaded
from .presence import count
from .statement import harmless

if TYPE_CHECKING:
    from local.warehouse.session import Session

    from .statement import Statement


# As DML and COPY name their counts.
_COUNTS = {
    "number of rows inserted": "added",
    "rows_loaded": "added",
    "number of rows updated": "updated",
    "number of rows deleted": "removed",
}


@dataclass(frozen=True)
class Expected:
    """A statement that is about to change `name`; `rows` it will empty it of."""

    name: str
    fills: bool = False
    rows: int = 0
    stage_location: str | None = None


def expected(expression: exp.Expr, session: "Session") -> Expected | None:
    """Before the statement runs and is rewritten."""
    with harmless():
        return _expected(expression, session)
    return None


def _expected(expression: exp.Expr, session: "Session") -> Expected | None:
    table = target_table(expression)
    if table is None:
        return None
    name = dotted(table, session)
    if isinstance(expression, exp.Create):
        is_filled = str(expression.args.get("kind")).upper() == "TABLE" and (
            expression.expression or expression.args.get("clone")
        )
        return Expected(name, fills=True) if is_filled else None
    if isinstance(expression, exp.TruncateTable) or expression.args.get("overwrite"):
        return Expected(name, rows=count(session.duck, name))
    if isinstance(expression, exp.Copy):
        location = expression.args["files"][0]
        # A query over a stage names it too.
        staged = next(location.find_all(exp.Var), location)
        return Expected(name, stage_location=staged.name)
    return Expected(name)


def happened(expected: Expected | None, statement: "Statement", result: pa.Table, session: "Session") -> None:
    """After it has run; `result` is what it answered."""
    if expected is None:
        return
    with harmless():
        counts = {_COUNTS[name]: _sum(result, name) for name in result.column_names if name in _COUNTS}
        if expected.fills:
            counts["added"] = count(session.duck, expected.name)
        if expected.rows:
            counts["removed"] = expected.rows
        statement.changed(Changed(expected.name, **counts))
        if expected.stage_location and "rows_loaded" in result.column_names:
            for row in result.to_pylist():
                size = _file_size(row["file"], expected.stage_location, session)
                statement.changed(Loaded(expected.name, expected.stage_location, size, row))


def _sum(result: pa.Table, column: str) -> int:
    return sum(value or 0 for value in result.column(column).to_pylist())


def _file_size(reported: str, location: str, session: "Session") -> int | None:
    """None for a file that PURGE has removed, and for stages other than named ones."""
    name = location.strip("'").removeprefix("@").partition("/")[0]
    if not location.startswith("@") or name.startswith(("%", "~")):
        return None
    root = stage.internal_dir(".".join(stage.parts_from_var(name, session.database, session.schema)))
    file = Path(root) / reported.partition("/")[2]
    return file.stat().st_size if file.is_file() else None
