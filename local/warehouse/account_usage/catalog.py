"""The database SNOWFLAKE: one view or function per contract file, over the recorded facts.

A `.sql` file of `views/` or `functions/` names what is known here; the contract gives the rest. So every view has just
the documented columns in the documented order and types, and what Snowflake would know and the local warehouse cannot
is NULL. Views that everything else stands on (when a warehouse ran, what it cost) are in `derived/`.

Two words in the SQL are filled in here: `as_of()` is the moment up to which a view knows, `account_file()` the path of
the account's own file. Parameters of a function are called `given_<argument>`.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import duckdb

from include.metalayer.contract import View

from .visibility import Visibility

DATABASE = "SNOWFLAKE"
FUNCTIONS = "_FUNCTIONS"
HERE = Path(__file__).parent

# In the order in which they stand on each other.
_DERIVED = (
    "things",
    "grants",
    "users",
    "warehouses",
    "all_work",
    "work",
    "epochs",
    "kept",
    "runs",
    "billed",
    "shares",
    "recent_attributions",
    "recent_hours",
    "all_runs",
    "attributions",
    "metering",
    "recent_accesses",
    "accesses",
)
_DUCKDB_TYPES = {
    "NUMBER": "BIGINT",
    "VARCHAR": "VARCHAR",
    "FLOAT": "DOUBLE",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP_LTZ": "TIMESTAMPTZ",
    "ARRAY": "JSON",
    "OBJECT": "JSON",
    "VARIANT": "JSON",
}
# A function's parameters that no client gives: whose statements it may show.
_VIEWER = {"viewer": "null::varchar", "watched": "null::varchar[]"}
_DEFAULTS = {"RESULT_LIMIT": "100", "INCLUDE_CLIENT_GENERATED_STATEMENT": "false"}
_PARAMETER = re.compile(r"\bgiven_(\w+)")


def install(
    duck: duckdb.DuckDBPyConnection, views: Iterable[View], *, account_file: Path, visibility: Visibility
) -> None:
    """Make the database, in memory: it holds definitions and no data. The recorded facts must be attached."""
    duck.execute(f"ATTACH ':memory:' AS {DATABASE}")
    for schema in ("ACCOUNT_USAGE", FUNCTIONS, "_derived"):
        duck.execute(f"CREATE SCHEMA {DATABASE}.{schema}")
    duck.execute(derived("macros"))
    duck.execute(derived("closed"))
    words = {"account_file()": "'" + str(account_file).replace("'", "''") + "'"}
    for name in _DERIVED:
        duck.execute(f"CREATE VIEW {DATABASE}._derived.{name} AS {_filled(derived(name), words)}")
    duck.execute(f"CREATE MACRO {DATABASE}._derived.load_steps(seconds) AS TABLE {derived('load_steps')}")
    for view in views:
        known_until = f"(now() - interval {visibility.minutes(view)} minutes)" if visibility.minutes(view) else "now()"
        _install(duck, view, words | {"as_of()": known_until}, visibility)


def _install(duck: duckdb.DuckDBPyConnection, view: View, words: dict[str, str], visibility: Visibility) -> None:
    if not view.arguments:
        sql = _filled(_read("views", view.name.lower()), words)
        known = duck.execute(f"DESCRIBE {sql}").fetchall()
        shown = "" if visibility.shows(view) else " WHERE false"
        name = f"{DATABASE}.ACCOUNT_USAGE.{view.name}"
        duck.execute(f"CREATE VIEW {name} AS SELECT {_columns(view, known)} FROM ({sql}) known{shown}")
        return
    family = next(path for path in _functions() if view.name.lower().startswith(path.stem))
    sql = _filled(family.read_text(), words)
    parameters = dict.fromkeys(_PARAMETER.findall(sql), "null") | _VIEWER
    parameters |= {argument.lower(): _DEFAULTS.get(argument, "null") for argument in view.arguments}
    known = duck.execute("DESCRIBE " + _PARAMETER.sub(lambda found: parameters[found[1]], sql)).fetchall()
    declared = ", ".join(f"given_{name} := {default}" for name, default in parameters.items())
    name = f"{DATABASE}.{FUNCTIONS}.{view.name}"
    duck.execute(f"CREATE MACRO {name}({declared}) AS TABLE SELECT {_columns(view, known)} FROM ({sql}) known")


def _functions() -> list[Path]:
    """The longest name first: a function stands on the file its own name begins with."""
    return sorted((HERE / "functions").glob("*.sql"), key=lambda path: len(path.stem), reverse=True)


def _columns(view: View, known: list[tuple[str, ...]]) -> str:
    names = {row[0].upper() for row in known}
    if invented := sorted(names - set(view.columns)):
        raise ValueError(f"{view.view} has no column {invented[0]}: correct its file in local/warehouse/account_usage.")
    return ", ".join(
        f'CAST({f"known.{chr(34)}{name}{chr(34)}" if name in names else "NULL"} AS {duckdb_type(kind)}) AS "{name}"'
        for name, kind in view.columns.items()
    )


def duckdb_type(kind: str) -> str:
    """DuckDB's type for one of the contract's."""
    family, bracket, digits = kind.partition("(")
    return f"DECIMAL({digits}" if family == "NUMBER" and bracket else _DUCKDB_TYPES[family]


def derived(name: str) -> str:
    """The SQL of a view that others stand on."""
    return _read("derived", name)


def _read(folder: str, name: str) -> str:
    return (HERE / folder / f"{name}.sql").read_text(encoding="utf-8")


def _filled(sql: str, words: dict[str, str]) -> str:
    for word, value in words.items():
        sql = sql.replace(word, value)
    return sql
