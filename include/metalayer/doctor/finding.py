"""What the doctor looks with and what it says: a session in Snowflake, and findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

_NUMBER = re.compile(r"^(\d{5,6}( \([\w/]+\))?: )+")


class Problem(StrEnum):
    """What kind of thing is in the way."""

    NONE = "ok"
    CONNECTION = "cannot connect"
    GRANT = "missing grant"
    EDITION = "needs Enterprise edition"
    STANDARD = "Standard edition"
    COLUMN = "column"
    WAREHOUSE = "warehouse"
    SETTING = "setting"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was looked at, and what is wrong with it.

    `blocks`: a question gets no answer until somebody has done `mend`, a statement or what to correct. Otherwise the
    problem is one that the meta layer lives with.
    """

    subject: str
    problem: Problem = Problem.NONE
    blocks: bool = False
    words: str = ""
    mend: str = ""


@dataclass(frozen=True, kw_only=True)
class Session:
    """A connection, who it is in Snowflake, and every privilege its role holds as (privilege, kind, name)."""

    connection: SnowflakeConnection
    user: str
    role: str
    warehouse: str | None
    privileges: frozenset[tuple[str, str, str]]

    @classmethod
    def of(cls, connection: SnowflakeConnection) -> Session:
        """Raises what the connector raises."""
        who = "select current_user(), current_role(), current_warehouse()"
        ((user, role, warehouse),) = _fetched(connection, who)[1]
        held = frozenset(_privileges(connection, role))
        return cls(connection=connection, user=user, role=role, warehouse=warehouse, privileges=held)

    @property
    def database_roles(self) -> frozenset[str]:
        """Snowflake's own database roles that the role has, without the name of their database."""
        return frozenset(name.rpartition(".")[2] for _, kind, name in self.privileges if kind == "DATABASE_ROLE")

    def rows(self, statement: str) -> list[Any]:
        """Run a statement; raises what the connector raises."""
        return _fetched(self.connection, statement)[1]

    def listed(self, statement: str) -> list[dict[str, Any]]:
        """The rows of a SHOW, by column."""
        return _by_column(*_fetched(self.connection, statement))


def first_line(error: Exception) -> str:
    """What Snowflake says, without the number and the heading before it and the statement after it."""
    lines = [_NUMBER.sub("", line.strip()) for line in str(error).splitlines() if line.strip()]
    return next((line for line in lines if not line.endswith("SQL compilation error:")), type(error).__name__)


def _privileges(connection: SnowflakeConnection, role: str) -> Iterator[tuple[str, str, str]]:
    """Of a role and of every role it has been given."""
    waiting, seen = [role], {role}
    while waiting:
        for grant in _by_column(*_fetched(connection, f'show grants to role "{waiting.pop()}"')):
            yield grant["privilege"], grant["granted_on"], grant["name"]
            if grant["granted_on"] == "ROLE" and grant["name"] not in seen:
                seen.add(grant["name"])
                waiting.append(grant["name"])


def _fetched(connection: SnowflakeConnection, statement: str) -> tuple[list[str], list[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [column.name for column in cursor.description], list(cursor.fetchall())


def _by_column(names: list[str], rows: list[Any]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
