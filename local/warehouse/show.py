"""SHOW: what the account holds, and the errors for places that do not exist."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from . import access, grants, monitors
from .command_text import Words
from .errors import SqlError
from .listings import like, listing
from .names import identifier_name
from .relations import schema_exists

if TYPE_CHECKING:
    from .session import Session


def show(show: exp.Show, session: "Session") -> pa.Table | None:
    what = show.name.upper()
    pattern = show.args["like"].name if isinstance(show.args.get("like"), exp.Expr) else None
    if what == "WAREHOUSES":
        return access.show_warehouses(session, pattern)
    if what == "USERS":
        return access.show_users(session, pattern)
    if what == "DATABASES":
        return _show_databases(session, pattern)
    _require_scope(show, session)
    return None


def _require_scope(show: exp.Show, session: "Session") -> None:
    """SHOW ... IN something that is not there is an error, not an empty list."""
    scope, kind = show.args.get("scope"), str(show.args.get("scope_kind") or "").upper()
    if not isinstance(scope, exp.Table):
        return
    names = [identifier_name(part) for part in scope.parts]
    if kind == "SCHEMA":
        database, schema = (names[-2] if len(names) > 1 else session.database or ""), names[-1]
        if not schema_exists(session, database, schema):
            raise cannot_use()
    elif kind == "DATABASE" and not session.account.find("DATABASE", names[-1]):
        raise cannot_use()


def cannot_use() -> SqlError:
    """Snowflake's words for USE and SHOW of what is not there; dbt looks for this code."""
    return SqlError(2043, "02000", "SQL compilation error:\nObject does not exist, or operation cannot be performed.")


def _show_databases(session: "Session", pattern: str | None) -> pa.Table:
    columns = (
        "created_on",
        "name",
        "is_default",
        "is_current",
        "origin",
        "owner",
        "comment",
        "options",
        "retention_time",
        "kind",
        "budget",
        "owner_role_type",
    )
    rows = [
        (
            d.created_on,
            d.name,
            "N",
            "Y" if d.name == session.database else "N",
            "",
            d.owner,
            d.comment,
            "",
            "1",
            "STANDARD",
            None,
            "ROLE",
        )
        for d in session.account.things["DATABASE"].values()
        if like(pattern, d.name)
    ]
    return listing(columns, rows)


_PARAMETER_DEFAULTS: dict[str, Any] = {
    "AUTOCOMMIT": True,
    "QUERY_TAG": "",
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "STATEMENT_TIMEOUT_IN_SECONDS": 172800,
    "TIMEZONE": "Etc/UTC",
}


def _show_parameters(session: "Session", pattern: str | None) -> pa.Table:
    rows = []
    for name in sorted({*_PARAMETER_DEFAULTS, *session.parameters}):
        if like(pattern, name):
            default = _PARAMETER_DEFAULTS.get(name, "")
            value = session.parameters.get(name, default)
            kind = {bool: "BOOLEAN", int: "NUMBER"}.get(type(value), "STRING")
            level = "SESSION" if name in session.parameters else ""
            rows.append((name, _text(value), _text(default), level, "", kind))
    return listing(("key", "value", "default", "level", "description", "type"), rows)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_EMPTY_SHOWS = {
    "DYNAMIC": (
        "created_on",
        "name",
        "database_name",
        "schema_name",
        "cluster_by",
        "rows",
        "bytes",
        "owner",
        "target_lag",
        "refresh_mode",
        "immutable_where",
        "warehouse",
        "text",
    ),
    "INTERACTIVE": ("created_on", "name", "database_name", "schema_name", "kind", "cluster_by", "text"),
    "TRANSACTIONS": ("id", "user", "session", "name", "started_on", "state", "scope"),
    "LOCKS": ("resource", "type", "transaction", "transaction_started_on", "status", "acquired_on", "query_id"),
}


def show_command(command: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    words.expect("SHOW")
    words.take("TERSE")
    if words.peek() == "GRANTS" or words.take("FUTURE"):
        return grants.show_grants(session, Words(command))
    if words.take("ROLES"):
        return access.show_roles(session, str(words.value()) if words.take("LIKE") else None)
    if words.take("RESOURCE", "MONITORS"):
        return monitors.show_monitors(session, str(words.value()) if words.take("LIKE") else None)
    if words.take("PARAMETERS"):
        return _show_parameters(session, str(words.value()) if words.take("LIKE") else None)
    for kinds in (("DYNAMIC", "TABLES"), ("INTERACTIVE", "TABLES"), ("TRANSACTIONS",), ("LOCKS",)):
        if words.take(*kinds):
            return listing(_EMPTY_SHOWS[kinds[0]], [])
    return None
