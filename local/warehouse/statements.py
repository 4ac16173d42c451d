"""The one way every statement takes, whichever client sent it.

`run` is the place for whatever must see all statements with their times and outcomes; today that is the log line of a
failed one.
"""

import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from fakesnow.dialect import parse_one
from fakesnow.statement_type import DML_TYPE_IDS, statement_type_id
from sqlglot import exp, tokenize
from sqlglot.tokens import TokenType

from . import errors
from .cursor import Cursor
from .errors import Scope, SqlError
from .session import Session

logger = logging.getLogger(__name__)


@dataclass
class Outcome:
    """A statement that succeeded."""

    query_id: str
    type_id: int
    table: pa.Table
    put: dict[str, Any] | None = None
    put_stage: str = ""

    @property
    def is_dml(self) -> bool:
        return self.type_id in DML_TYPE_IDS


@dataclass
class Failure(Exception):
    """A statement that failed, with the id it ran under."""

    query_id: str
    error: SqlError


def run(session: Session, sql: str, params: Any = None, *, describe_only: bool = False) -> Outcome:
    """Run one statement; raises `Failure` and nothing else."""
    query_id = str(uuid.uuid4())
    started = time.perf_counter()
    try:
        with session.lock:
            return _run(session, sql, params, query_id, describe_only=describe_only)
    except Exception as error:
        found = error if isinstance(error, SqlError) else errors.translate(error, Scope(None, None, None), sql)
        took = (time.perf_counter() - started) * 1000
        logger.warning(
            "statement failed user=%s role=%s ms=%.0f code=%06d %s",
            session.user,
            session.role,
            took,
            found.code,
            " ".join(found.message.split()),
        )
        raise Failure(query_id, found) from error


def _run(session: Session, sql: str, params: Any, query_id: str, *, describe_only: bool) -> Outcome:
    expression = parse_one(_with_variables(sql, session))
    cursor = Cursor(session)
    if describe_only and isinstance(expression, exp.Query):
        return Outcome(query_id, statement_type_id(expression), cursor.describe_query(expression, params))
    type_id = statement_type_id(expression)
    cursor.run(expression, sql, params, query_id)
    last = cursor._last_transformed
    put = last.args.get("put_stage_data") if last else None
    return Outcome(query_id, type_id, cursor.table, put, last.args["put_stage_name"] if put else "")


def run_rows(session: Session, sql: str, rows: list[tuple[Any, ...]]) -> Outcome:
    """An array binding: one statement for the client, one execution per row here, in one transaction."""
    alone = not session.in_transaction and session.autocommit_enabled
    if alone:
        session.begin()
    total = 0
    try:
        for row in rows:
            outcome = run(session, sql, row)
            total += sum(outcome.table.column(0).to_pylist()) if outcome.table.num_rows else 0
    except Failure:
        if alone:
            session.rollback()
        raise
    if alone:
        session.commit()
    name = outcome.table.column_names[0] if outcome.table.num_columns else "number of rows inserted"
    return Outcome(outcome.query_id, outcome.type_id, pa.table({name: [total]}))


def _with_variables(sql: str, session: Session) -> str:
    """Fill in $name, outside of texts and quoted names only; $1 is a column."""
    if "$" not in sql:
        return sql
    values = {name.upper(): value for name, value in session.variables._variables.items()}
    parts, copied, dollar = [], 0, None
    for token in tokenize(sql, read="snowflake"):
        if dollar and token.token_type != TokenType.NUMBER and token.start == dollar.end + 1:
            if (name := token.text.upper()) not in values:
                raise SqlError(2211, "02000", f"SQL compilation error:\nSession variable '${name}' does not exist")
            parts += [sql[copied : dollar.start], values[name]]
            copied = token.end + 1
        dollar = token if token.token_type == TokenType.PARAMETER else None
    return "".join([*parts, sql[copied:]])


def split(sql: str) -> list[str]:
    """The statements of a request, each with its own text."""
    if ";" not in sql.rstrip().rstrip(";"):
        return [sql]
    texts, start, content = [], 0, False
    for token in tokenize(sql, read="snowflake"):
        if token.token_type != TokenType.SEMICOLON:
            content = True
            continue
        if content:
            texts.append(sql[start : token.start].strip())
        start, content = token.end + 1, False
    if content:
        texts.append(sql[start:].strip())
    return texts or [sql]
