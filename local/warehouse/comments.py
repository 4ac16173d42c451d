"""COMMENT ON and SET COMMENT: on relations with DuckDB's own comments, on the account's things as a fact."""

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from . import relations
from .account import KINDS, ROLE_KINDS
from .errors import does_not_exist, unsupported
from .listings import DONE, status
from .names import dotted, identifier_name

if TYPE_CHECKING:
    from .session import Session


def comment_on(statement: exp.Comment, session: "Session") -> pa.Table | None:
    kind = str(statement.args.get("kind") or "").upper()
    text = statement.expression.name
    target = statement.this
    if kind in {"TABLE", "VIEW"}:
        comment_on_relation(dotted(target, session), text, session)
    elif kind == "COLUMN":
        parts = [identifier_name(part) for part in target.parts]
        prefix = [session.database or "", session.schema or ""][: max(0, 4 - len(parts))]
        relations.set_comment(session, kind, ".".join([*prefix, *parts]), text)
    elif kind == "SCHEMA":
        name = ".".join(identifier_name(part) for part in target.parts)
        relations.set_comment(session, kind, name if "." in name else f"{session.database}.{name}", text)
    elif kind in {*ROLE_KINDS, "DATABASE"}:
        _comment_on_thing(
            kind, identifier_name(target.this), text, session, missing_ok=bool(statement.args.get("exists"))
        )
    else:
        raise unsupported(f"COMMENT ON {kind}")
    return status(DONE)


def comment_on_relation(name: str, text: str, session: "Session") -> None:
    kind = relations.relation_kind(session, name)
    if kind is None:
        raise does_not_exist("Object", name)
    relations.set_comment(session, kind, name, text)


def _comment_on_thing(kind: str, name: str, text: str, session: "Session", *, missing_ok: bool) -> None:
    thing = session.account.find(kind, name)
    if thing:
        thing.comment = text
        session.account.put(kind, thing)
    elif not missing_ok:
        raise does_not_exist(KINDS[kind], name)
