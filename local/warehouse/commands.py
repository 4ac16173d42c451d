"""Statements the local warehouse answers itself, because DuckDB has nothing behind them.

`answer` is asked first for every statement; it returns the result, or None to have the statement executed.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from . import access, columns, comments, copying, grants, merging, relations
from .account import ROLE_KINDS
from .errors import SqlError, does_not_exist, unsupported
from .history.facts import Created, Dropped
from .listings import DONE, status
from .names import dotted, identifier_name, quoted
from .relations import schema_exists
from .show import cannot_use, show
from .unparsed import command

if TYPE_CHECKING:
    from .session import Session


def answer(expression: exp.Expr, session: "Session") -> pa.Table | None:
    handler = _HANDLERS.get(type(expression))
    return handler(expression, session) if handler else None


def _transaction(expression: exp.Expr, session: "Session") -> pa.Table | None:
    session.begin()
    return status(DONE)


def _commit(expression: exp.Expr, session: "Session") -> pa.Table | None:
    session.commit()
    return status(DONE)


def _rollback(expression: exp.Expr, session: "Session") -> pa.Table | None:
    session.rollback()
    return status(DONE)


def _use(expression: exp.Use, session: "Session") -> pa.Table | None:
    kind = expression.args.get("kind")
    word = kind.name.upper() if isinstance(kind, exp.Expr) else str(kind or "").upper()
    if word == "SECONDARY ROLES":
        return status(DONE)
    table = expression.this
    name = identifier_name(table.this)
    if word in {"ROLE", "WAREHOUSE"}:
        return access.use(session, word, name)
    if word == "DATABASE":
        if not session.account.find("DATABASE", name):
            raise cannot_use()
        _stand_in(session, name, "PUBLIC")
        return status(DONE)
    database = identifier_name(table.args["db"]) if table.args.get("db") else session.database
    if not word and not table.args.get("db"):
        # USE name: a database.
        database, name = name, "PUBLIC"
    if not database or not schema_exists(session, database, name):
        raise cannot_use()
    session.stand_in(database, name)
    return status(DONE)


def _stand_in(session: "Session", database: str, schema: str) -> None:
    session.stand_in(database, schema if schema_exists(session, database, schema) else None)


def _create(create: exp.Create, session: "Session") -> pa.Table | None:
    kind = str(create.args.get("kind") or "").upper()
    if kind == "DATABASE":
        return _create_database(create, session)
    if kind == "SCHEMA":
        return _create_schema(create, session)
    if kind == "WAREHOUSE":
        name = identifier_name(create.this)
        properties = {k.upper(): v for k, v in _properties(create).items()}
        return access.create(
            session,
            kind,
            name,
            properties,
            replace=bool(create.args.get("replace")),
            exists_ok=bool(create.args.get("exists")),
        )
    return None


def _properties(create: exp.Create) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for prop in create.args["properties"].expressions if create.args.get("properties") else ():
        if isinstance(prop, exp.SchemaCommentProperty):
            found["COMMENT"] = prop.this.name
        elif type(prop) is exp.Property:
            value = prop.args["value"]
            found[prop.name] = value.to_py() if isinstance(value, exp.Literal | exp.Boolean) else value.name
    return found


def _create_database(create: exp.Create, session: "Session") -> pa.Table | None:
    if create.args.get("clone"):
        raise unsupported("CREATE DATABASE ... CLONE")
    name = identifier_name(create.this.this)
    made = session.storage.create_database(
        name,
        replace=bool(create.args.get("replace")),
        exists_ok=bool(create.args.get("exists")),
        comment=str(_properties(create).get("COMMENT", "")),
        owner=session.role,
    )
    if not made:
        return status(f"{name} already exists, statement succeeded.")
    session.note(Created("DATABASE", name, replace=True))
    session.note(Created("SCHEMA", f"{name}.PUBLIC"))
    session.stand_in(name, "PUBLIC")
    return status(f"Database {name} successfully created.")


def _create_schema(create: exp.Create, session: "Session") -> pa.Table | None:
    if create.args.get("clone"):
        raise unsupported("CREATE SCHEMA ... CLONE")
    database, name = _schema_name(create.this, session)
    if not session.account.find("DATABASE", database):
        raise does_not_exist("Database", database)
    path = quoted(f"{database}.{name}")
    if schema_exists(session, database, name):
        if create.args.get("exists"):
            return status(f"{name} already exists, statement succeeded.")
        if not create.args.get("replace"):
            raise SqlError(2002, "42710", f"SQL compilation error:\nObject '{database}.{name}' already exists.")
        session.duck.execute(f"DROP SCHEMA {path} CASCADE")
        session.account.object_dropped(f"{database}.{name}")
        session.note(Dropped(f"{database}.{name}"))
    session.duck.execute(f"CREATE SCHEMA IF NOT EXISTS {path}")
    session.account.object_created("SCHEMA", f"{database}.{name}", keep_grants=True)
    session.note(Created("SCHEMA", f"{database}.{name}"))
    session.stand_in(database, name)
    if comment := _properties(create).get("COMMENT"):
        relations.set_comment(session, "SCHEMA", f"{database}.{name}", comment)
    return status(f"Schema {name} successfully created.")


def _schema_name(table: exp.Table, session: "Session") -> tuple[str, str]:
    database = identifier_name(table.args["catalog"]) if table.args.get("catalog") else session.database
    name = identifier_name(table.args["db"])
    if not database:
        raise SqlError(
            90105,
            "22000",
            "Cannot perform CREATE SCHEMA. This session does not have a current database. "
            "Call 'USE DATABASE', or use a qualified name.",
        )
    return database, name


def _drop(drop: exp.Drop, session: "Session") -> pa.Table | None:
    kind = str(drop.args.get("kind") or "").upper()
    missing_ok = bool(drop.args.get("exists"))
    if kind == "STAGE":
        return status(f"{copying.drop_stage(drop, session)} successfully dropped.")
    if kind not in {*ROLE_KINDS, "DATABASE"}:
        return None
    tables = drop.args.get("tables") or [drop.this]
    name = identifier_name(tables[0].this)
    if kind != "DATABASE":
        return access.drop(session, kind, name, missing_ok=missing_ok)
    if session.database == name:
        session.stand_in(None, None)
    if session.storage.drop_database(name, missing_ok=missing_ok):
        session.note(Dropped(name))
        return status(f"{name} successfully dropped.")
    return status("Drop statement executed successfully.")


def _alter(alter: exp.Alter, session: "Session") -> pa.Table | None:
    kind = str(alter.args.get("kind") or "").upper()
    if kind == "SESSION":
        for action in alter.actions:
            _set_parameters(action, session)
        return status(DONE)
    for action in alter.actions:
        if isinstance(action, exp.SwapTable):
            merging.swap(alter, action.this, session)
            return status(DONE)
        if isinstance(action, exp.AlterColumn) and action.args.get("comment"):
            name = f"{dotted(alter.this, session)}.{identifier_name(action.this)}"
            relations.set_comment(session, "COLUMN", name, action.args["comment"].name)
            return status(DONE)
        if isinstance(action, exp.AlterSet) and (comment := action.find(exp.SchemaCommentProperty)):
            comments.comment_on_relation(dotted(alter.this, session), comment.this.name, session)
            return status(DONE)
    return None


def _set_parameters(action: exp.Expr, session: "Session") -> None:
    for item in action.expressions:
        if action.args.get("unset"):
            session.parameters.pop(item.this.name.upper(), None)
            continue
        name, value = item.this.this.name.upper(), item.this.expression
        session.parameters[name] = value.to_py() if isinstance(value, exp.Literal | exp.Boolean) else value.name
        if name == "AUTOCOMMIT":
            if not session.autocommit_enabled:
                session.commit()
            session.autocommit_enabled = bool(session.parameters[name])


def _grant(expression: exp.Expr, session: "Session") -> pa.Table | None:
    return grants.grant_or_revoke(session, expression)


_HANDLERS: dict[type[exp.Expr], Callable[[Any, "Session"], pa.Table | None]] = {
    exp.Transaction: _transaction,
    exp.Commit: _commit,
    exp.Rollback: _rollback,
    exp.Use: _use,
    exp.Create: _create,
    exp.Drop: _drop,
    exp.Alter: _alter,
    exp.Comment: comments.comment_on,
    exp.Describe: columns.describe,
    exp.Show: show,
    exp.Command: command,
    exp.Grant: _grant,
    exp.Revoke: _grant,
}
