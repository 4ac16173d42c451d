"""Names of objects: Snowflake's rule for letters, and what is left out filled in from where the session stands."""

from dataclasses import dataclass
from typing import Protocol

from sqlglot import exp


class Standing(Protocol):
    """Whoever has a current database and schema: a session, or what is remembered of one."""

    @property
    def database(self) -> str | None: ...

    @property
    def schema(self) -> str | None: ...


@dataclass(frozen=True)
class Place:
    """Where a session stood."""

    database: str | None
    schema: str | None


NOWHERE = Place(None, None)


def identifier_name(identifier: exp.Expr) -> str:
    if isinstance(identifier, exp.Identifier) and not identifier.quoted:
        return identifier.name.upper()
    return identifier.name


def full_name(table: exp.Table, standing: Standing) -> tuple[str, str, str]:
    """Database, schema and name, upper-cased where the statement did not quote them."""
    parts = []
    for part, default in (("catalog", standing.database), ("db", standing.schema), ("this", None)):
        identifier = table.args.get(part)
        parts.append(identifier_name(identifier) if identifier else default or "")
    return parts[0], parts[1], parts[2]


def dotted(table: exp.Table, standing: Standing) -> str:
    return ".".join(full_name(table, standing))


def quoted(name: str) -> str:
    """A dotted name as DuckDB reads it, whatever words it is made of."""
    return ".".join(exp.to_identifier(part, quoted=True).sql(dialect="duckdb") for part in name.split("."))
