"""Errors as Snowflake words them.

Clients act on them: dbt looks for `002043 (02000)` and "does not exist or not authorized", the connector for the
SQLSTATE. DuckDB's and fakesnow's exceptions are therefore translated here, in one table, and nothing else leaves the
server.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import snowflake.connector.errors
from sqlglot import exp
from sqlglot.errors import SqlglotError

SHOWN_STATEMENT = 300


@dataclass
class SqlError(Exception):
    """A statement failed; `code` and `sqlstate` are Snowflake's."""

    code: int
    sqlstate: str
    message: str

    def __str__(self) -> str:
        return f"{self.code:06d} ({self.sqlstate}): {self.message}"


def unsupported(feature: str) -> SqlError:
    """A statement Snowflake would run and the local warehouse does not."""
    return SqlError(2, "0A000", f"The local warehouse does not support {feature}; see local/warehouse/README.md.")


def does_not_exist(kind: str, name: str) -> SqlError:
    return SqlError(
        2003,
        "42S02" if kind in {"Object", "Table", "View"} else "02000",
        f"SQL compilation error:\n{kind} '{name}' does not exist or not authorized.",
    )


def already_exists(kind: str, name: str) -> SqlError:
    return SqlError(2002, "42710", f"SQL compilation error:\n{kind} '{name}' already exists.")


@dataclass(frozen=True)
class Scope:
    """What is needed to give an object its full name: the statement and where its session stands."""

    expression: exp.Expr | None
    database: str | None
    schema: str | None

    def full_name(self, name: str) -> str:
        """`DB.SCHEMA.NAME` of the table DuckDB calls `name`, as far as the statement tells."""
        last = name.rsplit(".", 1)[-1].strip('"')
        tables = self.expression.find_all(exp.Table) if self.expression else ()
        for table in tables:
            if table.name.upper() == last.upper():
                parts = [_spelled(part) for part in table.parts]
                defaults = [self.database, self.schema][: max(0, 3 - len(parts))]
                return ".".join(part for part in [*defaults, *parts] if part)
        return name.replace('"', "")


def _spelled(identifier: exp.Expr) -> str:
    quoted = isinstance(identifier, exp.Identifier) and identifier.quoted
    return identifier.name if quoted else identifier.name.upper()


def _missing_table(match: re.Match[str], scope: Scope) -> SqlError:
    return does_not_exist("Object", scope.full_name(match["name"]))


def _missing_schema(match: re.Match[str], scope: Scope) -> SqlError:
    schema = match["name"]
    database = scope.database or ""
    for table in scope.expression.find_all(exp.Table) if scope.expression else ():
        if table.catalog and table.db.upper() == schema.upper():
            database = table.catalog
    return does_not_exist("Schema", schema if "." in schema or not database else f"{database}.{schema}")


def _existing_table(match: re.Match[str], scope: Scope) -> SqlError:
    return already_exists("Object", scope.full_name(match["name"]))


def _invalid_identifier(match: re.Match[str], scope: Scope) -> SqlError:
    return SqlError(904, "42000", f"SQL compilation error:\ninvalid identifier '{match['name'].upper()}'")


def _null_in_column(match: re.Match[str], scope: Scope) -> SqlError:
    return SqlError(100072, "22000", f"NULL result in a non-nullable column: {match['name']}")


Build = Callable[[re.Match[str], Scope], SqlError]

# DuckDB's wording, and Snowflake's answer to the same mistake.
_DUCKDB: tuple[tuple[re.Pattern[str], Build], ...] = (
    (re.compile(r'because schema "(?P<name>[^"]+)" does not exist'), _missing_schema),
    (re.compile(r"(?:Table|View) with name \"?(?P<name>[^\s\"]+)\"? does not exist"), _missing_table),
    (re.compile(r"Schema with name \"?(?P<name>[^\s\"]+)\"? does not exist"), _missing_schema),
    (re.compile(r"No catalog \+ schema named \"(?P<name>[^\"]+)\" found"), _missing_schema),
    (re.compile(r'Catalog "(?P<name>[^"]+)" does not exist'), lambda m, _: does_not_exist("Database", m["name"])),
    (
        re.compile(r'Schema with name "?(?P<name>[^\s"]+)"? already exists'),
        lambda m, _: already_exists("Object", m["name"]),
    ),
    (re.compile(r"(?:Table|View|Index|Sequence) with name \"?(?P<name>[^\s\"]+)\"? already exists"), _existing_table),
    (re.compile(r"Existing object (?P<name>\S+) is of type"), _existing_table),
    (
        re.compile(r"Function with name \"?(?P<name>[^\s\"]+)\"? does not exist"),
        lambda m, _: SqlError(2140, "42601", f"SQL compilation error:\nUnknown function {m['name'].upper()}"),
    ),
    (re.compile(r'Referenced column "(?P<name>[^"]+)"'), _invalid_identifier),
    (re.compile(r'does not have a column (?:named|with name) "(?P<name>[^"]+)"'), _invalid_identifier),
    (re.compile(r"NOT NULL constraint failed: (?P<name>\S+)"), _null_in_column),
    (
        re.compile(r"MERGE INTO command cannot affect the same target row more than once"),
        lambda m, _: SqlError(100090, "42P18", "Duplicate row detected during DML action"),
    ),
    (re.compile(r"[Dd]ivision by zero"), lambda m, _: SqlError(100051, "22012", "Division by zero")),
    (
        re.compile(r"Could not convert string '(?P<name>.*)' to (?:U?INT|DECIMAL|DOUBLE|FLOAT|HUGEINT)", re.DOTALL),
        lambda m, _: SqlError(100038, "22018", f"Numeric value '{m['name']}' is not recognized"),
    ),
    (
        re.compile(
            r"converting column \"c(?P<field>\d+)\"\. Could not convert string \"(?P<name>[^\"]*)\" to '(?P<type>\w+)"
        ),
        lambda m, _: SqlError(
            100038, "22018", f"'{m['name']}' in field {int(m['field']) + 1} is not recognized as {m['type']}"
        ),
    ),
    (
        re.compile(r"(?:date|time|timestamp).* field (?:format|value).*?: \"(?P<name>[^\"]*)\""),
        lambda m, _: SqlError(100035, "22007", f"Timestamp '{m['name']}' is not recognized"),
    ),
)

# What is left, by the kind of exception.
_KINDS: tuple[tuple[type[BaseException], int, str], ...] = (
    (duckdb.ParserException, 1003, "42000"),
    (duckdb.CatalogException, 2003, "42S02"),
    (duckdb.BinderException, 904, "42000"),
    (duckdb.ConversionException, 100038, "22018"),
    (duckdb.ConstraintException, 100072, "22000"),
    (duckdb.OutOfRangeException, 100039, "22003"),
    (duckdb.InterruptException, 604, "57014"),
    (duckdb.OutOfMemoryException, 300005, "53200"),
    (duckdb.TransactionException, 625, "57014"),
    (duckdb.Error, 2, "0A000"),
    (NotImplementedError, 2, "0A000"),
)


def translate(error: BaseException, scope: Scope, statement: str) -> SqlError:
    """The SQL error a client gets for any exception, naming the statement it belongs to."""
    if isinstance(error, SqlError):
        found = error
    elif isinstance(error, snowflake.connector.errors.Error) and not isinstance(error.__cause__, duckdb.Error):
        found = _from_fakesnow(error, scope)
    elif isinstance(error, SqlglotError):
        found = SqlError(1003, "42000", f"SQL compilation error:\nsyntax error: {_first_lines(str(error))}")
    else:
        found = _from_duckdb(error.__cause__ if isinstance(error.__cause__, duckdb.Error) else error, scope)
    return SqlError(found.code, found.sqlstate, f"{found.message}\nStatement: {shorten(statement)}")


def _from_fakesnow(error: snowflake.connector.errors.Error, scope: Scope) -> SqlError:
    if found := _recognised(error.raw_msg or "", scope):
        return found
    text = _first_lines(error.raw_msg or str(error))
    if error.errno == 1003 and not text.startswith("SQL compilation error"):
        text = f"SQL compilation error:\nsyntax error: {text}"
    return SqlError(error.errno or 2, error.sqlstate or "42000", text)


def _from_duckdb(error: BaseException, scope: Scope) -> SqlError:
    text = str(error)
    if isinstance(error, duckdb.InterruptException):
        return SqlError(604, "57014", "SQL execution canceled")
    if found := _recognised(text, scope):
        return found
    for kind, code, sqlstate in _KINDS:
        if isinstance(error, kind):
            return SqlError(code, sqlstate, f"SQL compilation error:\n{_first_lines(text)}")
    return SqlError(2, "0A000", f"The local warehouse cannot run this: {type(error).__name__}: {_first_lines(text)}")


def _recognised(text: str, scope: Scope) -> SqlError | None:
    for pattern, build in _DUCKDB:
        if match := pattern.search(text):
            return build(match, scope)
    return None


# The second one is said of a table that another session has altered, or commented on, since this one began.
_CONFLICT = re.compile(r"conflict|but another transaction has", re.IGNORECASE)


def is_conflict(error: BaseException) -> bool:
    """Whether DuckDB gave up because another session wrote the same thing at the same time."""
    cause = error.__cause__ if isinstance(error.__cause__, duckdb.Error) else error
    return isinstance(cause, duckdb.Error) and _CONFLICT.search(str(cause)) is not None


def _first_lines(text: str) -> str:
    """DuckDB and sqlglot append the statement with a marker below it; the statement is named once, at the end."""
    plain = re.sub(r"\x1b\[\d+m", "", text)
    return re.split(r"\n\s*\n|\nLINE ", plain, maxsplit=1)[0].strip()


def shorten(statement: str) -> str:
    flat = " ".join(statement.split())
    return flat if len(flat) <= SHOWN_STATEMENT else flat[:SHOWN_STATEMENT] + " ..."
