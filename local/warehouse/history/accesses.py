"""What a statement reads and writes, from its text: objects by full name, and columns where they can be told.

`named` and `columns` are pure and cached, because programs ask the same thing again and again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import traverse_scope

from local.warehouse.names import Place, dotted, identifier_name

from .fingerprints import fingerprints

# A longer statement is data more than question, and is not read twice.
LONGEST_TEXT = 100_000
# Names of objects with their columns.
Known = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True)
class Text:
    """A statement's words; two that differ in comments, spaces and letter case are the same."""

    fingerprint: str
    words: str = field(compare=False, repr=False)


def text_of(words: str) -> Text:
    return Text(fingerprints(words).query, words)


@dataclass(frozen=True)
class Named:
    """The full names a statement uses."""

    sources: tuple[str, ...] = ()
    target: str | None = None
    # Columns the statement itself names on its target; None: all of them.
    target_columns: tuple[str, ...] | None = None


@lru_cache(512)
def named(text: Text, place: Place) -> Named:
    """The objects a statement reads and the one it writes; empty for what cannot be read."""
    statement = _parsed(text)
    if statement is None:
        return Named()
    sources = _sources(statement)
    clone = statement.args.get("clone")
    if clone:
        sources = [clone.this]
    target = target_table(statement)
    if isinstance(statement, exp.Create) and not statement.expression and not clone:
        target = None
    return Named(
        tuple(dict.fromkeys(dotted(table, place) for table in sources)),
        dotted(target, place) if target else None,
        _target_columns(statement),
    )


def _parsed(text: Text) -> exp.Expr | None:
    if len(text.words) > LONGEST_TEXT:
        return None
    try:
        return parse_one(text.words, read="snowflake")
    except SqlglotError:
        return None


def _sources(statement: exp.Expr) -> list[exp.Table]:
    return [
        source
        for scope in traverse_scope(statement)
        for source in scope.sources.values()
        if isinstance(source, exp.Table) and is_object(source)
    ]


def is_object(table: exp.Table) -> bool:
    """Whether it is a name and not a stage or a function."""
    return isinstance(table.this, exp.Identifier)


def target_table(statement: exp.Expr) -> exp.Table | None:
    """The table a DML statement, COPY or CREATE writes to."""
    if isinstance(statement, exp.TruncateTable):
        found = statement.expressions[0]
    elif isinstance(statement, exp.Insert | exp.Update | exp.Delete | exp.Merge | exp.Copy | exp.Create):
        found = statement.this
    else:
        return None
    found = found.this if isinstance(found, exp.Schema) else found
    return found if isinstance(found, exp.Table) and isinstance(found.this, exp.Identifier) else None


def _target_columns(statement: exp.Expr) -> tuple[str, ...] | None:
    if isinstance(statement, exp.Update):
        return _assigned(statement.expressions)
    if isinstance(statement, exp.Delete | exp.TruncateTable):
        return ()
    if isinstance(statement, exp.Merge):
        return _merged_columns(statement)
    if isinstance(statement, exp.Insert | exp.Copy) and isinstance(statement.this, exp.Schema):
        return tuple(identifier_name(column) for column in statement.this.expressions)
    return None


def _assigned(assignments: Iterable[exp.Expr]) -> tuple[str, ...]:
    return tuple(identifier_name(a.this.this) for a in assignments if isinstance(a.this, exp.Column))


def _merged_columns(merge: exp.Merge) -> tuple[str, ...] | None:
    columns: list[str] = []
    for when in merge.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Update):
            columns += _assigned(then.expressions)
        elif isinstance(then, exp.Insert):
            if not then.this:
                return None
            columns += [identifier_name(column.this) for column in then.this.expressions]
    return tuple(dict.fromkeys(columns))


@lru_cache(512)
def columns(text: Text, place: Place, known: Known) -> dict[str, frozenset[str]] | None:
    """The columns a statement reads of each object in `known`; None where that cannot be told for certain."""
    statement = _parsed(text)
    query = statement.expression if isinstance(statement, exp.Create | exp.Insert) else statement
    if not isinstance(query, exp.Query) or query.find(exp.Parameter):
        return None
    schema: dict[str, Any] = {}
    for name, its_columns in known:
        database, its_schema, relation = name.split(".", 2)
        tables = schema.setdefault(_quoted(database), {}).setdefault(_quoted(its_schema), {})
        tables[_quoted(relation)] = {_quoted(column): "unknown" for column in its_columns}
    try:
        qualified = qualify(
            query,
            dialect="snowflake",
            catalog=_quoted(place.database or ""),
            db=_quoted(place.schema or ""),
            schema=schema,
            quote_identifiers=False,
        )
        return _columns_by_source(qualified, place)
    # sqlglot's optimizer fails in many ways on what it does not know; the answer is then "not known".
    except Exception:
        return None


def _quoted(name: str) -> str:
    return f'"{name}"'


def _columns_by_source(query: exp.Expr, place: Place) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for scope in traverse_scope(query):
        for source in scope.sources.values():
            if isinstance(source, exp.Table) and is_object(source):
                found.setdefault(dotted(source, place), set())
        for column in scope.columns:
            owner = scope.sources.get(column.table)
            if isinstance(owner, exp.Table) and is_object(owner):
                found[dotted(owner, place)].add(identifier_name(column.this))
    return {name: frozenset(names) for name, names in found.items()}
