"""Tables and views: what Snowflake says about them that DuckDB cannot hold or words differently.

Temporary objects are real ones that the session drops when it ends, because dbt gives them a full name and DuckDB's
own live in a catalog without one. Comments are taken out of the statement and set with DuckDB's COMMENT. Grants
follow their object.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from .errors import SqlError, unsupported
from .history.facts import Altered, Created, Definition, Dropped, Renamed
from .names import dotted, full_name, identifier_name, quoted

if TYPE_CHECKING:
    from .session import Session


@dataclass
class Relation:
    """A CREATE, DROP or ALTER of a table or view, and what is to be done once it has happened."""

    action: str
    kind: str
    name: str
    temporary: bool = False
    keep_grants: bool = False
    comment: str | None = None
    column_comments: dict[str, str] = field(default_factory=dict)
    new_name: str = ""
    fact: Definition | None = None


def prepare(expression: exp.Expr, session: "Session") -> Relation | None:
    """Take out of the statement what DuckDB does not know; None if it is not about a relation."""
    kind = str(expression.args.get("kind") or "").upper()
    if isinstance(expression, exp.Create) and kind in {"TABLE", "VIEW"}:
        return _prepare_create(expression, kind, session)
    if isinstance(expression, exp.Drop) and kind in {"TABLE", "VIEW", "SCHEMA"}:
        return _prepare_drop(expression, kind, session)
    if isinstance(expression, exp.Alter) and kind in {"TABLE", "VIEW"}:
        return _prepare_alter(expression, kind, session)
    return None


def finish(relation: Relation, session: "Session") -> None:
    """Comments, temporary objects, grants and the record, after the statement itself has succeeded."""
    account = session.account
    if relation.fact:
        session.note(relation.fact)
    if relation.action == "drop":
        account.object_dropped(relation.name)
        session.temporary.pop(relation.name, None)
        account.forget_temporary(relation.name)
    elif relation.action == "rename":
        account.object_renamed(relation.name, relation.new_name)
    elif relation.action == "create":
        account.object_created(relation.kind, relation.name, keep_grants=relation.keep_grants)
        if relation.temporary:
            session.temporary[relation.name] = relation.kind
            account.remember_temporary(relation.name, relation.kind)
        if relation.comment:
            set_comment(session, relation.kind, relation.name, relation.comment)
        if relation.column_comments:
            set_column_comments(session, relation.name, relation.column_comments)


def set_comment(session: "Session", kind: str, name: str, comment: str) -> None:
    text = exp.Literal.string(comment).sql(dialect="duckdb") if comment else "NULL"
    session.duck.execute(f"COMMENT ON {kind} {quoted(name)} IS {text}")
    session.note(Altered(name.rpartition(".")[0] if kind == "COLUMN" else name))


def set_column_comments(session: "Session", name: str, comments: dict[str, str]) -> None:
    """All in one transaction: each commit is a write to disk."""
    with atomically(session):
        for column, comment in comments.items():
            set_comment(session, "COLUMN", f"{name}.{column}", comment)


@contextmanager
def atomically(session: "Session") -> Iterator[None]:
    """Several DuckDB statements that are one statement of Snowflake's."""
    if session.in_transaction:
        yield
        return
    session.duck.begin()
    try:
        yield
    except BaseException:
        session.duck.rollback()
        raise
    session.duck.commit()


def relation_kind(session: "Session", name: str) -> str | None:
    """TABLE, VIEW or None, whatever the statement called it."""
    found = session.duck.execute(
        "SELECT 'TABLE' FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3 "
        "UNION ALL "
        "SELECT 'VIEW' FROM duckdb_views() WHERE database_name = $1 AND schema_name = $2 AND view_name = $3",
        name.split("."),
    ).fetchone()
    return found[0] if found else None


def schema_exists(session: "Session", database: str, schema: str) -> bool:
    if schema.upper() == "INFORMATION_SCHEMA":
        return True
    found = session.duck.execute(
        "SELECT 1 FROM duckdb_schemas() WHERE database_name = ? AND schema_name = ?", [database, schema]
    ).fetchone()
    return found is not None


def _prepare_create(create: exp.Create, kind: str, session: "Session") -> Relation:
    table = create.find(exp.Table)
    if table is None:
        raise unsupported(f"CREATE {kind} without a name")
    relation = Relation("create", kind, dotted(table, session), keep_grants=bool(create.args.get("exists")))
    properties = create.args["properties"].expressions if create.args.get("properties") else ()
    kept = []
    for prop in properties:
        if isinstance(prop, exp.TemporaryProperty):
            relation.temporary = True
        elif isinstance(prop, exp.SchemaCommentProperty):
            relation.comment = prop.this.name
        elif isinstance(prop, exp.CopyGrantsProperty):
            relation.keep_grants = True
        elif not isinstance(prop, _WITHOUT_EFFECT) and prop.name.upper() not in _OPTIONS_WITHOUT_EFFECT:
            kept.append(prop)
    relation.fact = _created(create, relation, properties, session)
    create.set("properties", exp.Properties(expressions=kept) if kept else None)
    relation.column_comments = _take_column_comments(create)
    _take_kind(create, relation, session)
    return relation


def _created(create: exp.Create, relation: Relation, properties: Sequence[exp.Expr], session: "Session") -> Created:
    options = {prop.name.upper(): prop.args["value"].name for prop in properties if type(prop) is exp.Property}
    clone = create.args.get("clone")
    return Created(
        relation.kind,
        relation.name,
        replace=bool(create.args.get("replace")),
        is_transient=any(isinstance(prop, exp.TransientProperty) for prop in properties),
        is_temporary=relation.temporary,
        retention_days=int(options.get("DATA_RETENTION_TIME_IN_DAYS", 1)),
        clone_of=dotted(clone.this, session) if clone else None,
        definition=session.statement_text if relation.kind == "VIEW" else None,
    )


_WITHOUT_EFFECT = (exp.TransientProperty, exp.SecureProperty, exp.CopyGrantsProperty)


_OPTIONS_WITHOUT_EFFECT = {"DATA_RETENTION_TIME_IN_DAYS", "CHANGE_TRACKING", "MAX_DATA_EXTENSION_TIME_IN_DAYS"}


def _take_kind(create: exp.Create, relation: Relation, session: "Session") -> None:
    """Guard a temporary object, and make OR REPLACE work when a view takes a table's place or the other way round."""
    if not relation.temporary and not create.args.get("replace"):
        return
    existing = relation_kind(session, relation.name)
    if relation.temporary and existing and relation.name not in session.temporary:
        kind = relation.kind.lower()
        raise SqlError(
            2,
            "0A000",
            f"The local warehouse has no temporary {kind} that would hide the {existing.lower()} {relation.name}; "
            "choose another name.",
        )
    if create.args.get("replace") and existing and existing != relation.kind:
        raise SqlError(
            2203,
            "42601",
            f"SQL compilation error:\nObject '{relation.name}' already exists as {existing}; drop it first.",
        )


def _take_column_comments(create: exp.Create) -> dict[str, str]:
    comments: dict[str, str] = {}
    schema = create.this
    if not isinstance(schema, exp.Schema):
        return comments
    for column in [c for c in schema.expressions if isinstance(c, exp.ColumnDef)]:
        constraints = column.args.get("constraints") or []
        for constraint in constraints:
            if isinstance(constraint.args.get("kind"), exp.CommentColumnConstraint):
                comments[identifier_name(column.this)] = constraint.args["kind"].this.name
        column.set("constraints", [c for c in constraints if not isinstance(c.args.get("kind"), _COLUMN_NOTES)])
        if column.kind is None:
            column.replace(column.this)
    return {name: comment for name, comment in comments.items() if comment}


_COLUMN_NOTES = (exp.CommentColumnConstraint,)


def _prepare_drop(drop: exp.Drop, kind: str, session: "Session") -> Relation | None:
    tables = drop.args.get("tables") or ([drop.this] if drop.this else [])
    if len(tables) != 1:
        raise unsupported(f"DROP {kind} of several objects at once")
    drop.set("cascade", kind == "SCHEMA")
    drop.set("restrict", False)
    if kind == "SCHEMA":
        database, schema, _ = full_name(tables[0], session)
        return Relation("drop", kind, f"{database}.{schema}", fact=Dropped(f"{database}.{schema}"))
    name = dotted(tables[0], session)
    if drop.args.get("exists") and (existing := relation_kind(session, name)) and existing != kind:
        raise SqlError(2, "42601", f"SQL compilation error:\nObject '{name}' is a {existing}, not a {kind}.")
    return Relation("drop", kind, name, fact=Dropped(name))


def _prepare_alter(alter: exp.Alter, kind: str, session: "Session") -> Relation:
    rename = next((a for a in alter.actions if isinstance(a, exp.AlterRename)), None)
    if rename is None:
        name = dotted(alter.this, session)
        return Relation("alter", kind, name, fact=Altered(name))
    old, new = full_name(alter.this, session), full_name(rename.this, session)
    if old[:2] != new[:2]:
        raise unsupported(f"ALTER {kind} ... RENAME to another schema")
    # DuckDB takes the new name alone.
    rename.set("this", exp.Table(this=exp.to_identifier(new[2], quoted=True)))
    before, after = ".".join(old), ".".join(new)
    return Relation("rename", kind, before, new_name=after, fact=Renamed(before, after))


def split_alter(expression: exp.Expr) -> list[exp.Expr]:
    """DuckDB drops one column at a time."""
    if not isinstance(expression, exp.Alter) or len(expression.actions) != 1:
        return [expression]
    action = expression.actions[0]
    columns = action.args.get("tables") if isinstance(action, exp.Drop) else None
    if not columns or len(columns) < 2:
        return [expression]
    parts: list[exp.Expr] = []
    for column in columns:
        part = expression.copy()
        part.actions[0].set("tables", [column.copy()])
        parts.append(part)
    return parts
