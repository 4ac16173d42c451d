"""The one way every statement takes, whichever client sent it: each is put on record with its times and its outcome."""

import logging
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from fakesnow.dialect import parse_one
from fakesnow.statement_type import DML_TYPE_IDS, statement_type_id
from sqlglot import exp, tokenize
from sqlglot.tokens import TokenType

from . import errors
from .cursor import Cursor
from .errors import Scope, SqlError, does_not_exist
from .history.changes import expected, happened
from .history.query_types import DESCRIBE_QUERY, MULTI_STATEMENT
from .history.statement import Origin, Statement
from .history.store import CATALOG as HISTORY
from .session import Session

logger = logging.getLogger(__name__)


# It is brought up to date before anybody reads from it.
_READS_RECORD = re.compile(r"^\s*SHOW\b|\bINFORMATION_SCHEMA\b|\bSNOWFLAKE\b", re.IGNORECASE)
DIRECT = Origin()


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


def run(
    session: Session, sql: str, params: Any = None, *, describe_only: bool = False, origin: Origin = DIRECT
) -> Outcome:
    """Run one statement; raises `Failure` and nothing else."""
    return _recorded(session, sql, origin, lambda statement: _run(session, params, statement, describe_only))


def run_rows(session: Session, sql: str, rows: list[tuple[Any, ...]], *, origin: Origin = DIRECT) -> Outcome:
    """An array binding: one statement for the client, one execution per row here, in one transaction."""
    return _recorded(session, sql, origin, lambda statement: _run_rows(session, rows, statement))


def run_several(session: Session, sql: str, texts: list[str], *, origin: Origin = DIRECT) -> list[Outcome]:
    """A request of several statements, one after the other until one fails; it is recorded as one that holds them."""
    outcomes: list[Outcome] = []

    def run_each(statement: Statement) -> Outcome:
        statement.query_type = MULTI_STATEMENT
        inner = Origin(internal=origin.internal, root=statement.query_id)
        outcomes.extend(run(session, text, origin=inner) for text in texts)
        return outcomes[-1]

    _recorded(session, sql, origin, run_each, alone=False)
    return outcomes


def _recorded(
    session: Session, sql: str, origin: Origin, work: Callable[[Statement], Outcome], *, alone: bool = True
) -> Outcome:
    """Do the work as one statement of the session's: in turn, with its times and its outcome on record."""
    history = session.storage.history
    statement = history.begin(session, sql, origin)
    try:
        with session.lock if alone else nullcontext():
            statement.starts(session)
            outcome = work(statement)
            statement.succeeds(outcome.table)
    except Failure as failure:
        # Of a statement inside this one, which has told it.
        statement.fails(failure.error)
        raise
    except Exception as error:
        found = error if isinstance(error, SqlError) else errors.translate(error, Scope(None, None, None), sql)
        statement.fails(found)
        _log_failure(session, statement, found)
        raise Failure(statement.query_id, found) from error
    finally:
        history.end(statement, session)
    return outcome


def _log_failure(session: Session, statement: Statement, error: SqlError) -> None:
    logger.warning(
        "statement failed user=%s role=%s ms=%.0f code=%06d %s",
        session.user,
        session.role,
        statement.elapsed * 1000,
        error.code,
        " ".join(error.message.split()),
    )


def _run(session: Session, params: Any, statement: Statement, describe_only: bool) -> Outcome:
    session.statement = statement
    with statement.compiles():
        full_text = _with_variables(statement.text, session)
        expression = parse_one(full_text)
        statement.parsed(expression, full_text, session)
        _refuse_hidden(expression, full_text)
        if _READS_RECORD.search(full_text):
            session.storage.history.flush()
    cursor = Cursor(session, statement)
    query_id, type_id = statement.query_id, statement_type_id(expression)
    if describe_only and isinstance(expression, exp.Query):
        statement.query_type, statement.touches = DESCRIBE_QUERY, False
        return Outcome(query_id, type_id, cursor.describe_query(expression, params))
    awaited = expected(expression, session)
    cursor.run(expression, full_text, params, query_id)
    happened(awaited, statement, cursor.table, session)
    last = cursor._last_transformed
    put = last.args.get("put_stage_data") if last else None
    return Outcome(query_id, type_id, cursor.table, put, last.args["put_stage_name"] if put else "")


def _refuse_hidden(expression: exp.Expr, text: str) -> None:
    """The record's own tables are no database of the account's; SNOWFLAKE shows them."""
    if HISTORY in text.lower():
        for table in expression.find_all(exp.Table):
            if HISTORY in {table.catalog.lower(), table.db.lower()}:
                raise does_not_exist("Database", HISTORY.upper())


def _run_rows(session: Session, rows: list[tuple[Any, ...]], statement: Statement) -> Outcome:
    alone = not session.in_transaction and session.autocommit_enabled
    if alone:
        session.begin()
    total = 0
    try:
        for row in rows:
            outcome = _run(session, row, statement, describe_only=False)
            total += sum(outcome.table.column(0).to_pylist()) if outcome.table.num_rows else 0
    except Exception:
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
