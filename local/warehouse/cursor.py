"""Runs one statement in one session.

A subclass of fakesnow's cursor: statements about the account, the session, databases and comments are answered by
`commands`; the rest goes through `transforms` to fakesnow's own execution. Around both stand the rules that are
Snowflake's and not DuckDB's: DDL commits, a statement is atomic, a failed statement leaves the transaction usable, and
two sessions that write at once wait for each other instead of failing.
"""

import itertools
import random
import time
from typing import Any

import duckdb
import pyarrow as pa
import snowflake.connector.errors
from fakesnow.cursor import FakeSnowflakeCursor
from fakesnow.dialect import parse_one
from fakesnow.transforms import ddl
from fakesnow.transforms.transforms import insert_overwrite
from sqlglot import exp

from . import commands, copying, errors, merging, relations, transforms
from .account_usage import references
from .errors import Scope, SqlError
from .history.statement import Statement
from .names import full_name
from .session import Session

# DuckDB has no locks to wait for: a writer that loses is sent away and comes again.
CONFLICT_RETRIES = 40
LONGEST_PAUSE = 0.25

_DDL = (exp.Create, exp.Drop, exp.Alter, exp.Comment)
_DML = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Copy, exp.TruncateTable)


class Cursor(FakeSnowflakeCursor):
    """One statement of a session."""

    def __init__(self, session: Session, statement: Statement):
        super().__init__(session, session.duck)
        self.session = session
        self.statement = statement

    @property
    def table(self) -> pa.Table:
        return self._arrow_table if self._arrow_table is not None else pa.table({})

    def run(self, expression: exp.Expr, sql: str, params: Any, query_id: str) -> None:
        """Run a parsed statement; raises what DuckDB and fakesnow raise."""
        session = self.session
        if isinstance(expression, _DDL):
            session.commit()
        if isinstance(expression, _DML) and not session.autocommit_enabled:
            session.begin()
        stood = session.database, session.schema
        try:
            self._retrying(expression, sql, params)
        except Exception as error:
            raise self._after_failure(error, Scope(_parsed_again(sql), *stood), sql) from error
        session.last_query_id = query_id
        session.results_cache[query_id] = (self.table, self._rowcount, self._last_sql, None, self._last_transformed)

    def _retrying(self, expression: exp.Expr, sql: str, params: Any) -> None:
        for tries in itertools.count():
            begun = time.perf_counter()
            try:
                return self._run_once(expression, params)
            except Exception as error:
                again = _parsed_again(sql)
                if (
                    self.session.in_transaction
                    or tries == CONFLICT_RETRIES
                    or not errors.is_conflict(error)
                    or not again
                ):
                    raise
                # The rewriting has used up the first one.
                expression = again
                time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.005 * 2**tries)))
                self.statement.blocked += time.perf_counter() - begun

    def _after_failure(self, error: Exception, scope: Scope, sql: str) -> SqlError:
        found = errors.translate(error, scope, sql)
        if self.session.in_transaction:
            # DuckDB has aborted it. A new one is begun, so that what follows is still not committed by itself.
            self.session.rollback()
            self.session.begin()
            found.message += "\nThe local warehouse has rolled back the open transaction and begun a new one."
        return found

    def _run_once(self, expression: exp.Expr, params: Any) -> None:
        if (answer := commands.answer(expression, self.session)) is not None:
            self.give(answer)
            return
        self.check_db_and_schema(expression)
        relation = relations.prepare(expression, self.session)
        statements = self._split(expression)
        with copying.in_target_database(expression, self.session):
            if isinstance(expression, exp.Copy) or (len(statements) > 1 and isinstance(expression, exp.Insert)):
                with relations.atomically(self.session):
                    self._run_all(statements, params)
            else:
                self._run_all(statements, params)
        if relation:
            relations.finish(relation, self.session)

    def _split(self, expression: exp.Expr) -> list[exp.Expr]:
        """Statements that DuckDB can only do in several."""
        for split in (ddl.create_table_autoincrement, ddl.alter_table_add_multiple_columns, insert_overwrite):
            if len(parts := split(expression)) > 1:
                return parts
        return relations.split_alter(expression)

    def _run_all(self, statements: list[exp.Expr], params: Any) -> None:
        for statement in statements:
            positional = list(params) if isinstance(params, tuple) else params
            with self.statement.compiles():
                sources = references.sources(statement, self.session)
                transformed = transforms.apply(statement, self.session, positional)
            lengths = transformed.args.pop("text_lengths", None)
            if isinstance(transformed, exp.Merge):
                self._merge(transformed, positional)
                continue
            self._execute(transformed, positional if transformed.find(exp.Placeholder) else None)
            if sources:
                self._arrow_table = references.typed(self.table, sources)
            if lengths and (table := transformed.find(exp.Table)):
                database, schema, name = full_name(table, self.session)
                self.session.storage.record_text_lengths(database, schema, name, lengths)

    def _merge(self, merge: exp.Merge, params: Any) -> None:
        """DuckDB's own MERGE: atomic, and it refuses two source rows for one target row as Snowflake does."""
        actions = merging.merge_actions(merge)
        sql = merging.merge_sql(merge)
        self._duck_conn.execute(sql, params if merge.find(exp.Placeholder) else None)
        changed: pa.Table = self._duck_conn.to_arrow_table()
        done = changed.column("merge_action").value_counts().to_pylist()
        rows = {count["values"]: count["counts"] for count in done}
        self.give(pa.table({merging.MERGE_COLUMNS[action]: [rows.get(action, 0)] for action in actions}))
        self._rowcount = sum(rows.values())

    def give(self, table: pa.Table) -> None:
        """Make `table` the result."""
        self._arrow_table = table
        self._arrow_table_fetch_index = None
        self._rowcount = table.num_rows
        self._last_sql = None
        self._last_params = None
        self._last_transformed = None

    def describe_query(self, expression: exp.Expr, params: Any) -> pa.Table:
        """An empty result with the columns a query would have, without running it."""
        bare = expression.transform(lambda node: exp.Null() if isinstance(node, exp.Placeholder) else node)
        self.check_db_and_schema(bare)
        sources = references.sources(bare, self.session)
        sql = transforms.apply(bare, self.session, None).sql(dialect="duckdb")
        return references.typed(self._duck_conn.execute(f"SELECT * FROM ({sql}) LIMIT 0").to_arrow_table(), sources)


def _parsed_again(sql: str) -> exp.Expr | None:
    try:
        return parse_one(sql)
    except snowflake.connector.errors.ProgrammingError:
        return None


def interrupt(session: Session) -> None:
    """Stop what the session is running; its client gets `SQL execution canceled`."""
    try:
        session.duck.interrupt()
    except duckdb.ConnectionException:
        return
