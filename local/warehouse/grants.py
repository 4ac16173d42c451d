"""GRANT, REVOKE and SHOW GRANTS: kept and shown as facts, never enforced."""

from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from .account import KINDS, Grant, now
from .command_text import GrantClause, Words, grant_clause
from .errors import does_not_exist
from .listings import DONE, listing, status
from .names import dotted, identifier_name

if TYPE_CHECKING:
    from .session import Session


_RELATION_PRIVILEGES = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES"]


_ALL = {
    "TABLE": _RELATION_PRIVILEGES,
    "VIEW": ["SELECT", "REFERENCES"],
    "SCHEMA": ["USAGE", "MODIFY", "MONITOR", "CREATE TABLE", "CREATE VIEW", "CREATE STAGE"],
    "DATABASE": ["USAGE", "MODIFY", "MONITOR", "CREATE SCHEMA"],
    "WAREHOUSE": ["USAGE", "OPERATE", "MODIFY", "MONITOR"],
}


def grant_or_revoke(session: "Session", expression: exp.Expr) -> pa.Table:
    if isinstance(expression, exp.Command):
        revoke, clause = expression.name.upper() == "REVOKE", grant_clause(Words(expression))
    else:
        revoke, clause = isinstance(expression, exp.Revoke), _typed(expression, session)
    _require_grantee(session, clause)
    future = clause.coverage == "FUTURE"
    grants = [
        Grant(
            privilege,
            _granted_on(clause, future),
            name,
            clause.grantee_kind,
            clause.grantee,
            clause.grant_option,
            session.role,
            now(),
        )
        for name in _targets(session, clause)
        for privilege in _privileges(clause)
    ]
    if clause.privileges == ["OWNERSHIP"] and not future:
        _take_ownership(session, grants)
    if revoke:
        session.account.revoke(grants, future=future)
    else:
        session.account.grant(grants, future=future)
    return status(DONE)


def _take_ownership(session: "Session", grants: list[Grant]) -> None:
    """An object has one owner: whoever had it before has it no more."""
    for grant in grants:
        others = [
            g
            for g in session.account.grants.values()
            if (g.privilege, g.granted_on, g.name) == ("OWNERSHIP", grant.granted_on, grant.name)
            and g.grantee_name != grant.grantee_name
        ]
        session.account.revoke(others)
        thing = session.account.find(grant.granted_on, grant.name) if grant.granted_on in KINDS else None
        if thing:
            thing.owner = grant.grantee_name


def _typed(expression: exp.Expr, session: "Session") -> GrantClause:
    privileges = [privilege.this.name.upper() for privilege in expression.args["privileges"]]
    securable = expression.args["securable"]
    principal = expression.args["principals"][0]
    kind = str(expression.args.get("kind") or "").upper()
    if not kind:
        kind = "ACCOUNT" if securable.name.upper() == "ACCOUNT" and not securable.db else "TABLE"
    # A schema's name fills the table's place, a database's too: only the parts that were written count.
    name = ".".join(identifier_name(part) for part in securable.parts)
    if kind in {"TABLE", "VIEW"}:
        name = dotted(securable, session)
    elif kind == "SCHEMA" and "." not in name and session.database:
        name = f"{session.database}.{name}"
    grantee_kind = str(principal.args.get("kind") or "ROLE").upper()
    option = bool(expression.args.get("grant_option"))
    return GrantClause(privileges, kind, name, grantee_kind, identifier_name(principal.this), grant_option=option)


def _require_grantee(session: "Session", clause: GrantClause) -> None:
    for kind, name in ((clause.grantee_kind, clause.grantee), (clause.kind, clause.name)):
        if kind in {"ROLE", "USER"} and not session.account.find(kind, name):
            raise does_not_exist(KINDS[kind], name)


def _granted_on(clause: GrantClause, future: bool) -> str:
    return f"{clause.kind} {clause.container_kind}" if future else clause.kind


def _privileges(clause: GrantClause) -> list[str]:
    if clause.privileges[0] in {"ALL", "ALL PRIVILEGES"}:
        return _ALL.get(clause.kind, ["ALL"])
    return clause.privileges


def _targets(session: "Session", clause: GrantClause) -> list[str]:
    if clause.coverage != "ALL":
        return [clause.name]
    database, _, schema = clause.name.partition(".")
    source = {"TABLE": ("duckdb_tables()", ".' || table_name"), "VIEW": ("duckdb_views()", ".' || view_name")}
    if clause.kind == "SCHEMA":
        source["SCHEMA"] = ("duckdb_schemas()", "'")
    if clause.kind not in source:
        return []
    if clause.container_kind == "SCHEMA" and not schema:
        database, schema = session.database or "", database
    table, suffix = source[clause.kind]
    rows = session.duck.execute(
        f"SELECT database_name || '.' || schema_name || '{suffix} FROM {table} WHERE NOT internal "
        "AND database_name = ? AND (schema_name = ? OR ? = '') "
        "AND schema_name NOT IN ('main', '_fs_information_schema')",
        [database, schema, schema],
    ).fetchall()
    return [row[0] for row in rows]


_GRANT_COLUMNS = (
    "created_on",
    "privilege",
    "granted_on",
    "name",
    "granted_to",
    "grantee_name",
    "grant_option",
    "granted_by",
)


def show_grants(session: "Session", words: Words) -> pa.Table:
    """SHOW [FUTURE] GRANTS [ON kind name | TO ROLE|USER name | OF ROLE name | IN SCHEMA|DATABASE name]."""
    words.expect("SHOW")
    account = session.account
    if words.take("FUTURE", "GRANTS"):
        return _show_future_grants(session, words)
    words.expect("GRANTS")
    found = list(account.grants.values())
    if words.take("ON"):
        kind = words.word()
        name = "LOCAL" if kind == "ACCOUNT" else _qualified(session, kind, words.name())
        found = [
            g for g in found if g.name == name and (g.granted_on == kind or {g.granted_on, kind} == {"TABLE", "VIEW"})
        ]
    elif words.take("OF"):
        words.take("ROLE")
        name = words.name()
        members = [
            (g.created_on, g.name, g.granted_to, g.grantee_name, g.granted_by)
            for g in found
            if g.granted_on == "ROLE" and g.name == name
        ]
        return listing(("created_on", "role", "granted_to", "grantee_name", "granted_by"), members)
    elif words.take("TO"):
        kind = words.one_of("ROLE", "USER") or "ROLE"
        name = words.name()
        found = [g for g in found if (g.granted_to, g.grantee_name) == (kind, name)]
    else:
        found = [g for g in found if (g.granted_to, g.grantee_name) == ("USER", session.user)]
    rows = [
        (
            g.created_on,
            g.privilege,
            g.granted_on,
            g.name,
            g.granted_to,
            g.grantee_name,
            str(g.grant_option).lower(),
            g.granted_by,
        )
        for g in found
    ]
    return listing(_GRANT_COLUMNS, rows)


def _show_future_grants(session: "Session", words: Words) -> pa.Table:
    to_role = words.take("TO")
    if not to_role:
        words.expect("IN")
    kind = words.one_of("ROLE", "DATABASE", "SCHEMA") or "SCHEMA"
    name = words.name()
    name = name if to_role else _qualified(session, kind, name)
    wanted = [
        g
        for g in session.account.future_grants.values()
        if (to_role and g.grantee_name == name) or (not to_role and g.name == name and g.granted_on.endswith(kind))
    ]
    columns = ("created_on", "privilege", "grant_on", "name", "grant_to", "grantee_name", "grant_option")
    rows = [
        (
            g.created_on,
            g.privilege,
            g.granted_on.rsplit(" ", 1)[0],
            f"{g.name}.<{g.granted_on.rsplit(' ', 1)[0]}>",
            g.granted_to,
            g.grantee_name,
            str(g.grant_option).lower(),
        )
        for g in wanted
    ]
    return listing(columns, rows)


def _qualified(session: "Session", kind: str, name: str) -> str:
    depth = {"TABLE": 3, "VIEW": 3, "SCHEMA": 2}.get(kind, 1)
    missing = depth - len(name.split("."))
    prefix = [session.database or "", session.schema or ""][: max(depth - 1, 0)][: max(missing, 0)]
    return ".".join([*prefix, name])
