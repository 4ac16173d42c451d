"""What a statement reads of the account's history: who may, and how DuckDB finds it.

The views are found by their names. A table function, which Snowflake has in the INFORMATION_SCHEMA of every database,
becomes the one of its name here, with the arguments that Snowflake would take from the session filled in.
"""

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from sqlglot import exp

from include.metalayer.contract import View
from local.warehouse.errors import SqlError, does_not_exist
from local.warehouse.names import full_name, identifier_name

from .catalog import DATABASE, FUNCTIONS

if TYPE_CHECKING:
    from local.warehouse.session import Session

LONGEST_RESULT = 10_000
_REQUIRED = {"COPY_HISTORY": ("TABLE_NAME", "START_TIME"), "WAREHOUSE_METERING_HISTORY": ("DATE_RANGE_START",)}
# Of Snowflake's table functions, those that show only what the role may watch.
_WATCHED = ("QUERY_HISTORY",)


def view(expression: exp.Expr, context: Any) -> exp.Expr:
    """A view of ACCOUNT_USAGE: without the grant it is, for this role, not there."""
    if not isinstance(expression, exp.Table) or not isinstance(expression.this, exp.Identifier):
        return expression
    session: Session = context.session
    if view_of(full_name(expression, session), session):
        session.storage.usage.prepare()
    return expression


def view_of(name: tuple[str, str, str], session: "Session") -> View | None:
    """The contract of the view of this name, if it is one that the role may read."""
    if name[:2] != (DATABASE, "ACCOUNT_USAGE"):
        return None
    usage = session.storage.usage
    if not usage.may_read(name[2], session.role):
        raise does_not_exist("Object", ".".join(name))
    return usage.view(name[2])


def sources(expression: exp.Expr, session: "Session") -> list[View]:
    """The contracts of what a statement reads, before it is rewritten; none if it reads anything else too."""
    found: list[View | None] = []
    for node in expression.find_all(exp.Table, exp.TableFromRows):
        if isinstance(node, exp.TableFromRows):
            name = list(node.this.flatten())[-1].name if isinstance(node.this, exp.Dot) else ""
            found.append(session.storage.usage.function(name.upper()))
        # A name alone is a CTE's, if it is not of the schema one stands in.
        elif isinstance(node, exp.Table) and node.db:
            found.append(view_of(full_name(node, session), session))
    views = [view for view in found if view]
    return views if len(views) == len(found) else []


def typed(table: pa.Table, views: list[View]) -> pa.Table:
    """Types that DuckDB has no own name for: the history's times are TIMESTAMP_LTZ, its lists ARRAY."""
    if not views:
        return table
    kinds = {name: kind for view in views for name, kind in view.columns.items()}
    fields, columns = [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        logical = None
        if pa.types.is_timestamp(field.type) and field.type.tz:
            column, logical = column.cast(pa.timestamp("us")), "timestamp_ltz"
        elif isinstance(field.type, pa.BaseExtensionType) and kinds.get(field.name) in ("ARRAY", "OBJECT"):
            logical = kinds[field.name].lower()
        fields.append(pa.field(field.name, column.type, metadata={"logical": logical} if logical else None))
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def table_function(expression: exp.Expr, context: Any) -> exp.Expr:
    """`TABLE([database.]INFORMATION_SCHEMA.function(...))` with a contract becomes DuckDB's call of it."""
    if not isinstance(expression, exp.TableFromRows) or not isinstance(expression.this, exp.Dot):
        return expression
    session: Session = context.session
    *path, call = expression.this.flatten()
    names = [identifier_name(part) for part in path]
    if names[-1].upper() != "INFORMATION_SCHEMA" or not isinstance(call, exp.Anonymous):
        return expression
    database = names[0] if len(names) > 1 else session.database
    if database is None:
        raise SqlError(90105, "22000", "Cannot perform SELECT. This session does not have a current database.")
    if database != DATABASE and not session.account.find("DATABASE", database):
        raise does_not_exist("Database", database)
    function = session.storage.usage.function(call.name.upper())
    if function is None:
        name = f"{database}.INFORMATION_SCHEMA.{call.name.upper()}"
        raise SqlError(2140, "42601", f"SQL compilation error:\nUnknown table function {name}")
    session.storage.usage.prepare()
    given = _defaults(function, session) | _arguments(function, call)
    for argument in _REQUIRED.get(function.name, ()):
        if argument not in given:
            raise _refusal(f"Missing argument {argument} of function {function.name}")
    arguments = [exp.Kwarg(this=exp.var(f"given_{name.lower()}"), expression=value) for name, value in given.items()]
    return exp.Table(
        this=exp.Anonymous(this=function.name, expressions=arguments),
        db=exp.to_identifier(FUNCTIONS),
        catalog=exp.to_identifier(DATABASE),
        alias=expression.args.get("alias"),
    )


def _arguments(function: View, call: exp.Anonymous) -> dict[str, exp.Expr]:
    """By name, or by the place in which the documentation lists them."""
    given: dict[str, exp.Expr] = {}
    for place, argument in enumerate(call.expressions):
        named = isinstance(argument, exp.Kwarg)
        if not named and place >= len(function.arguments):
            raise _refusal(f"Too many arguments for function {function.name}: it has {len(function.arguments)}")
        name = argument.name.upper() if named else function.arguments[place]
        if name not in function.arguments:
            raise _refusal(f"Invalid argument name {name}: {function.name} has {', '.join(function.arguments)}")
        given[name] = argument.expression if named else argument
    limit = given.get("RESULT_LIMIT")
    if isinstance(limit, exp.Literal) and not 1 <= int(limit.name) <= LONGEST_RESULT:
        raise _refusal(f"Invalid value {limit.name} for RESULT_LIMIT: choose one from 1 to {LONGEST_RESULT}")
    return given


def _defaults(function: View, session: "Session") -> dict[str, exp.Expr]:
    """What Snowflake takes from the session when the call does not say it."""
    defaults: dict[str, exp.Expr] = {}
    if function.name.endswith("_BY_SESSION"):
        defaults["SESSION_ID"] = exp.Literal.number(session.identity)
    if function.name.endswith("_BY_USER"):
        defaults["USER_NAME"] = _text(f'"{session.user}"')
    if function.name in {"QUERY_HISTORY_BY_WAREHOUSE", "WAREHOUSE_LOAD_HISTORY"}:
        defaults["WAREHOUSE_NAME"] = _text(f'"{session.warehouse}"' if session.warehouse else "")
    watched = session.storage.usage.watched(session.role)
    if function.name.startswith(_WATCHED) and watched is not None:
        defaults["VIEWER"] = _text(session.user)
        defaults["WATCHED"] = exp.Array(expressions=[_text(name) for name in sorted(watched)])
    return defaults


def _text(value: str) -> exp.Expr:
    return exp.Literal.string(value)


def _refusal(message: str) -> SqlError:
    return SqlError(939, "22023", f"SQL compilation error:\n{message}.")
