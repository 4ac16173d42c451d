"""The statements sqlglot gives back as a bare Command, by their first word."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pyarrow as pa
from sqlglot import exp

from . import access, copying, grants, relations
from .account import ROLE_KINDS
from .command_text import Words, column_comments
from .errors import unsupported
from .listings import DONE, status
from .show import show_command

if TYPE_CHECKING:
    from .session import Session


def command(statement: exp.Command, session: "Session") -> pa.Table | None:
    """What sqlglot could not parse, by its first words."""
    words = Words(statement)
    handler = _COMMANDS.get(statement.name.upper())
    result = handler(statement, words, session) if handler else None
    if result is None and not _known_to_fakesnow(words):
        raise unsupported(" ".join(words.statement.split()[:3]).upper())
    return result


def _known_to_fakesnow(words: Words) -> bool:
    return any(part in words.statement.upper() for part in ("RECLUSTER", "SET TAG", "USER FUNCTIONS", "FILE FORMAT"))


def _create_command(statement: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    words.expect("CREATE")
    replace = words.take("OR", "REPLACE")
    kind = words.one_of("ROLE", "USER", "RESOURCE MONITOR")
    if not kind:
        return None
    exists_ok = words.take("IF", "NOT", "EXISTS")
    name = words.name()
    return access.create(session, kind, name, words.properties(), replace=replace, exists_ok=exists_ok)


def _drop_command(statement: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    words.expect("DROP")
    kind = words.one_of(*ROLE_KINDS)
    if not kind:
        return None
    missing_ok = words.take("IF", "EXISTS")
    return access.drop(session, kind, words.name(), missing_ok=missing_ok)


def _alter_command(statement: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    if found := column_comments(Words(statement)):
        relations.set_column_comments(session, full_path(found.name, session), found.comments)
        return status(DONE)
    words.expect("ALTER")
    if kind := words.one_of(*ROLE_KINDS, "DATABASE"):
        return access.alter(session, kind, words)
    if words.take("ACCOUNT"):
        return status(DONE)
    if words.take("SCHEMA"):
        name = words.name()
        if words.take("SET") and (comment := words.properties().get("COMMENT")) is not None:
            relations.set_comment(
                session, "SCHEMA", name if "." in name else f"{session.database}.{name}", str(comment)
            )
            return status(DONE)
    return None


def full_path(name: str, session: "Session") -> str:
    parts = name.split(".")
    prefix = [session.database or "", session.schema or ""][: max(0, 3 - len(parts))]
    return ".".join([*prefix, *parts])


def _grant_command(statement: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    return grants.grant_or_revoke(session, statement)


def _remove_command(statement: exp.Command, words: Words, session: "Session") -> pa.Table | None:
    return copying.remove_files(statement.expression.name, session)


_COMMANDS: dict[str, Callable[[exp.Command, Words, "Session"], pa.Table | None]] = {
    "CREATE": _create_command,
    "DROP": _drop_command,
    "ALTER": _alter_command,
    "SHOW": show_command,
    "GRANT": _grant_command,
    "REVOKE": _grant_command,
    "REMOVE": _remove_command,
    "RM": _remove_command,
}
