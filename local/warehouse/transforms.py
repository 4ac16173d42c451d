"""How a Snowflake statement is rewritten for DuckDB: fakesnow's transforms with the local warehouse's own.

Each transform walks the whole statement, and there are some seventy; nearly all of them concern one kind of
expression. So each is listed with the kinds it looks for and is skipped when the statement holds none of them.

Left out of fakesnow's list: `numeric_agg_implicit_cast` (it turns every sum of money into a float), and the
statements that `cursor` answers itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
from fakesnow import transforms as fs
from sqlglot import exp

from .account_usage import references

if TYPE_CHECKING:
    from .session import Session

ACCOUNT_NAME = "LOCAL"
REGION = "LOCAL"


@dataclass(frozen=True)
class Context:
    """What a transform may need to know besides the expression."""

    session: "Session"
    params: Any

    @property
    def database(self) -> str | None:
        return self.session.database

    @property
    def schema(self) -> str | None:
        return self.session.schema


Transform = Callable[[Any, Context], Any]


def _plain(function: Callable[[Any], Any]) -> Transform:
    return lambda expression, _: function(expression)


def session_function(expression: exp.Expr, context: Context) -> exp.Expr:
    """CURRENT_ROLE() and its kind become what the session knows."""
    session = context.session
    values: dict[type[exp.Expr], str | None] = {
        exp.CurrentRole: session.role,
        exp.CurrentUser: session.user,
        exp.CurrentWarehouse: session.warehouse,
        exp.CurrentAccount: ACCOUNT_NAME,
        exp.CurrentAccountName: ACCOUNT_NAME,
        exp.CurrentOrganizationName: ACCOUNT_NAME,
        exp.CurrentRegion: REGION,
        exp.CurrentSession: str(session.identity),
        exp.CurrentDatabase: session.database,
        exp.CurrentSchema: session.schema,
        exp.CurrentClient: session.application,
    }
    if type(expression) in values:
        value = values[type(expression)]
        new: exp.Expr = exp.Literal.string(value) if value is not None else exp.Null()
        return _named(expression, new)
    if isinstance(expression, exp.Anonymous) and expression.name.upper() == "LAST_QUERY_ID":
        return _named(expression, exp.Literal.string(session.last_query_id or ""))
    return expression


def _named(old: exp.Expr, new: exp.Expr) -> exp.Expr:
    """Keep the column name Snowflake gives an unnamed call."""
    if isinstance(old.parent, exp.Select):
        return exp.alias_(new, old.sql(dialect="snowflake").upper(), quoted=True)
    return new


def _reserved_words() -> frozenset[str]:
    with duckdb.connect() as connection:
        words = "SELECT upper(keyword_name) FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        return frozenset(row[0] for row in connection.execute(words).fetchall())


_RESERVED_WORDS = _reserved_words()


def identifier_case(expression: exp.Expr, _: Context) -> exp.Expr:
    """Unquoted names become upper case, and are quoted where DuckDB reserves a word that Snowflake does not (AT)."""
    if isinstance(expression, exp.Identifier) and not expression.quoted:
        name = expression.this.upper()
        return exp.to_identifier(name, quoted=name in _RESERVED_WORDS)
    return expression


def name_projections(expression: exp.Expr, _: Context) -> exp.Expr:
    """An unnamed expression of the outermost SELECT is called by its own text in Snowflake: COUNT(*), SUM(X)."""
    if isinstance(expression, exp.Select) and expression.parent is None:
        for projection in expression.expressions:
            if isinstance(projection, exp.AggFunc):
                name = projection.sql(dialect="snowflake").upper()
                projection.replace(exp.alias_(projection.copy(), name, quoted=True))
    return expression


def raw_string(expression: exp.Expr, _: Context) -> exp.Expr:
    """$$text$$ is an ordinary string once it is parsed; DuckDB's own dollar quoting differs."""
    return exp.Literal.string(expression.this) if isinstance(expression, exp.RawString) else expression


_SESSION_FUNCTIONS = (
    exp.CurrentRole,
    exp.CurrentUser,
    exp.CurrentWarehouse,
    exp.CurrentAccount,
    exp.CurrentAccountName,
    exp.CurrentOrganizationName,
    exp.CurrentRegion,
    exp.CurrentSession,
    exp.CurrentDatabase,
    exp.CurrentSchema,
    exp.CurrentClient,
    exp.Anonymous,
)
_DDL = (exp.Create, exp.Alter)

# In fakesnow's order, which matters where it says so.
PIPELINE: tuple[tuple[Transform, tuple[type[exp.Expr], ...]], ...] = (
    (lambda e, c: fs.identifier(e, c.params), (exp.Table,)),
    (references.view, (exp.Table,)),
    (references.table_function, (exp.TableFromRows,)),
    (raw_string, (exp.RawString,)),
    (session_function, _SESSION_FUNCTIONS),
    (name_projections, (exp.AggFunc,)),
    (identifier_case, (exp.Identifier,)),
    (lambda e, c: fs.update_variables(e, c.session.variables), (exp.Set, exp.Alias)),
    (_plain(fs.current_version), (exp.CurrentVersion,)),
    (_plain(fs.information_schema_fs), (exp.Table,)),
    (lambda e, c: fs.information_schema_databases(e, c.schema), (exp.Table,)),
    (_plain(fs.drop_schema_cascade), (exp.Drop,)),
    (_plain(fs.tag), (exp.Alter, exp.Command, exp.Create, exp.Drop)),
    (_plain(fs.semi_structured_types), (exp.DataType,)),
    (_plain(fs.try_parse_json), (exp.Anonymous,)),
    (_plain(fs.split), (exp.Split,)),
    (_plain(fs.trim_cast_varchar), (exp.Trim,)),
    (_plain(fs.indices_to_json_extract), (exp.Bracket,)),
    (_plain(fs.json_extract_cast_as_varchar), (exp.JSONExtract,)),
    (_plain(fs.json_extract_cased_as_varchar), (exp.JSONExtract,)),
    (_plain(fs.json_extract_precedence), (exp.JSONExtract, exp.JSONExtractScalar)),
    (_plain(fs.flatten_value_cast_as_varchar), (exp.Explode,)),
    (_plain(fs.flatten), (exp.Explode,)),
    (_plain(fs.regex_replace), (exp.RegexpReplace,)),
    (_plain(fs.regex_substr), (exp.RegexpExtract,)),
    (_plain(fs.result_scan), (exp.TableFromRows,)),
    (_plain(fs.sequence_nextval), (exp.Column,)),
    (_plain(fs.values_columns), (exp.Values,)),
    (_plain(fs.to_date), (exp.Anonymous,)),
    (_plain(fs.timestamp_offsets), (exp.Cast,)),
    (_plain(fs.to_decimal), (exp.ToNumber,)),
    (_plain(fs.to_timestamp), (exp.UnixToTime, exp.Anonymous, exp.Cast)),
    (_plain(fs.to_variant), (exp.ToVariant,)),
    (_plain(fs.object_construct), (exp.StarMap, exp.Struct, exp.JSONObject)),
    (_plain(fs.timestamp_ntz), (exp.DataType,)),
    (_plain(fs.float_to_double), (exp.DataType,)),
    (_plain(fs.integer_precision), (exp.DataType,)),
    (_plain(fs.extract_text_length), _DDL),
    (_plain(fs.sample), (exp.TableSample,)),
    (_plain(fs.array_size), (exp.ArraySize,)),
    (_plain(fs.random), (exp.Rand,)),
    (_plain(fs.array_agg_within_group), (exp.WithinGroup,)),
    (_plain(fs.array_agg), (exp.ArrayAgg,)),
    (_plain(fs.object_agg), (exp.ObjectAgg,)),
    (_plain(fs.array_construct_etc), (exp.ArrayConstructCompact, exp.Array, exp.ArrayConcat)),
    (_plain(fs.dateadd_date_cast), (exp.DateAdd,)),
    (_plain(fs.dateadd_string_literal_timestamp_cast), (exp.DateAdd,)),
    (_plain(fs.datediff_string_literal_timestamp_cast), (exp.DateDiff,)),
    (_plain(fs.show_functions), (exp.Show, exp.Command)),
    (_plain(fs.show_procedures), (exp.Show,)),
    (lambda e, c: fs.show_schemas(e, c.database), (exp.Show,)),
    (lambda e, c: fs.show_tables_etc(e, c.database, c.schema), (exp.Show,)),
    (lambda e, c: fs.show_columns(e, c.database, c.schema), (exp.Show,)),
    (lambda e, c: fs.show_stages(e, c.database, c.schema), (exp.Show,)),
    (lambda e, c: fs.show_sequences(e, c.database, c.schema), (exp.Show,)),
    (lambda e, c: fs.show_keys(e, c.database, kind="PRIMARY"), (exp.Show,)),
    (lambda e, c: fs.show_keys(e, c.database, kind="UNIQUE"), (exp.Show,)),
    (lambda e, c: fs.show_keys(e, c.database, kind="FOREIGN"), (exp.Show,)),
    (_plain(fs.haversine), (exp.Anonymous,)),
    (_plain(fs.hex_string), (exp.HexString,)),
    (_plain(fs.sha256), (exp.SHA2, exp.SHA2Digest, exp.Anonymous)),
    (_plain(fs.create_clone), (exp.Clone,)),
    (_plain(fs.alias_in_join), (exp.Join,)),
    (_plain(fs.alias_in_where), (exp.Where,)),
    (_plain(fs.alter_table_strip_cluster_by), (exp.Alter, exp.Command)),
    (lambda e, c: fs.create_stage(e, c.database, c.schema), (exp.Create,)),
    (lambda e, c: fs.create_file_format(e, c.database, c.schema), (exp.Create, exp.Command)),
    (lambda e, c: fs.list_stage(e, c.database, c.schema, c.session.table_stages), (exp.ListStage,)),
    (lambda e, c: fs.put_stage(e, c.database, c.schema, c.params, c.session.table_stages), (exp.Put,)),
    (lambda e, c: fs.create_table_as(e, c.session.duck), (exp.Create,)),
)


def apply(expression: exp.Expr, session: "Session", params: Any) -> exp.Expr:
    """Rewrite a parsed Snowflake statement into one DuckDB runs; the statement given is used up."""
    context = Context(session, params)
    present = _kinds(expression)
    for transform, kinds in PIPELINE:
        if any(issubclass(found, kinds) for found in present):
            expression = expression.transform(transform, context, copy=False)
            present = _kinds(expression)
    return expression


def _kinds(expression: exp.Expr) -> set[type[exp.Expr]]:
    return {type(node) for node in expression.walk()}
