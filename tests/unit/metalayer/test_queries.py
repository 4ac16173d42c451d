"""The questions touch only what Snowflake documents, are bounded in time, and give the columns that they declare.

The statement is qualified against the contract files as a compiler would do it, so a column that no view has, in any
corner of the statement, breaks a test here instead of an answer in production.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import sqlglot
from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope

from include.metalayer import contract, query
from include.metalayer.query import Query
from include.settings import paths

QUERIES = query.load()
VIEWS = contract.load()
SCHEMA: dict[str, Any] = {"SNOWFLAKE": {}}
for _view in VIEWS.values():
    SCHEMA["SNOWFLAKE"].setdefault(_view.schema, {})[_view.name] = dict(_view.columns)

# The column by which each kind of history is in order, so that a bound on it is a bound on what is read.
TIME = {
    "ACCESS_HISTORY": "QUERY_START_TIME",
    "COPY_HISTORY": "LAST_LOAD_TIME",
    "LOGIN_HISTORY": "EVENT_TIMESTAMP",
    "METERING_DAILY_HISTORY": "USAGE_DATE",
    "TABLE_QUERY_PRUNING_HISTORY": "INTERVAL_START_TIME",
    "TASK_HISTORY": "SCHEDULED_TIME",
    "WAREHOUSE_EVENTS_HISTORY": "TIMESTAMP",
}

every_query = pytest.mark.parametrize("question", QUERIES.values(), ids=QUERIES.keys())


def parsed(sql: str) -> exp.Expr:
    """The one statement, with its table functions in the place of tables; their arguments stay as comments do."""
    (statement,) = sqlglot.parse(sql, dialect="snowflake")
    assert statement is not None
    for function in list(statement.find_all(exp.TableFromRows)):
        call = function.this.expression
        name = function.this.sql(dialect="snowflake").partition("(")[0]
        table = exp.to_table(name, dialect="snowflake")
        table.set("alias", function.args.get("alias"))
        table.meta["arguments"] = {argument.name.lower() for argument in call.expressions}
        function.replace(table)
    return statement


@cache
def qualified(sql: str) -> exp.Query:
    """The statement with every column led back to its table. Raises OptimizeError for one that is nowhere."""
    statement = qualify(parsed(sql), dialect="snowflake", schema=SCHEMA)
    assert isinstance(statement, exp.Query)
    return statement


def sources(sql: str) -> Iterator[tuple[Scope, str, exp.Table]]:
    """Each reference to a table, with its scope and its name there."""
    for scope in traverse_scope(qualified(sql)):
        for alias, (_, source) in scope.selected_sources.items():
            if isinstance(source, exp.Table):
                yield scope, alias, source


def view_of(table: exp.Table) -> str:
    return f"{table.db}.{table.name}".upper()


def unbounded(sql: str) -> list[str]:
    """The histories that are read without a bound in time, or, for a table function, in rows."""
    return [view_of(table) for scope, alias, table in sources(sql) if not _is_bounded(scope, alias, table)]


def _is_bounded(scope: Scope, alias: str, table: exp.Table) -> bool:
    view = VIEWS[view_of(table)]
    if view.arguments:
        return "result_limit" in table.meta["arguments"]
    if view.retention_days is None:
        return True
    where = scope.expression.args.get("where")
    condition = where.this if where else exp.true()
    conditions = list(condition.flatten()) if isinstance(condition, exp.And) else [condition]
    return any(
        isinstance(each, exp.GTE)
        and isinstance(each.this, exp.Column)
        and each.this.table == alias
        and each.this.name == TIME.get(view.name, "START_TIME")
        and each.expression.find(exp.DateAdd) is not None
        for each in conditions
    )


@every_query
def test_a_question_is_one_statement_that_reads(question: Query) -> None:
    assert isinstance(parsed(question.sql), exp.Select | exp.Union)


@every_query
def test_a_question_touches_only_views_in_the_contract_and_declares_each(question: Query) -> None:
    touched = {view_of(table) for _, _, table in sources(question.sql)}
    assert touched == set(question.views)
    assert touched <= set(VIEWS)
    assert all(table.catalog.upper() == "SNOWFLAKE" for _, _, table in sources(question.sql))


@every_query
def test_a_question_gives_the_columns_that_it_declares_in_their_order(question: Query) -> None:
    given = [name.lower() for name in qualified(question.sql).named_selects]
    assert given == [column.name for column in question.columns]


@every_query
def test_a_question_names_each_column(question: Query) -> None:
    assert not [star for star in parsed(question.sql).find_all(exp.Star) if not isinstance(star.parent, exp.Count)]


@every_query
def test_a_question_is_bounded_in_time(question: Query) -> None:
    assert unbounded(question.sql) == []


@every_query
def test_a_question_multiplies_nothing_but_single_rows(question: Query) -> None:
    """A cross join is allowed with a row of totals only."""
    statement = parsed(question.sql)
    ctes = {cte.alias: cte.this for cte in statement.find_all(exp.CTE)}
    for join in statement.find_all(exp.Join):
        if join.args.get("on") or join.args.get("using") or isinstance(join.this, exp.Lateral):
            continue
        aggregated = ctes[join.this.name]
        assert not aggregated.args.get("group")
        assert all(select.find(exp.AggFunc) for select in aggregated.selects)


@every_query
def test_a_header_agrees_with_the_contract(question: Query) -> None:
    views = [VIEWS[view] for view in question.views]
    assert question.latency_minutes == max(view.latency_minutes for view in views)
    assert question.edition == ("enterprise" if any(view.edition == "enterprise" for view in views) else "standard")
    roles = set(question.database_roles)
    assert all(roles & set(view.database_roles) for view in views if view.database_roles)
    assert all(
        any(view.database_roles and not (roles - {role}) & set(view.database_roles) for view in views) for role in roles
    ), "a role that is not needed"


@every_query
def test_an_enterprise_question_has_a_road_on_standard_edition(question: Query) -> None:
    assert question.edition == "standard" or query.standard_road(QUERIES, question) is not None


@every_query
def test_the_words_of_a_view_are_those_it_uses(question: Query) -> None:
    """A status that a view never has would make a question find nothing, for ever."""
    for condition in qualified(question.sql).find_all(exp.EQ, exp.NEQ, exp.In):
        column = condition.this
        if not isinstance(column, exp.Column):
            continue
        for _, alias, table in sources(question.sql):
            words = VIEWS[view_of(table)].words.get(column.name.upper())
            if words and alias == column.table:
                compared = [*condition.args.get("expressions", []), condition.args.get("expression")]
                assert {each.name for each in compared if isinstance(each, exp.Literal)} <= set(words)


PLANTED = {
    "a column that no view has": "select history.credits from snowflake.account_usage.query_history as history",
    "one in a filter": "select query_id from snowflake.account_usage.query_history where duration > 1",
    "one in a flattened view": """
        select part.value:objectName::varchar as name
        from snowflake.account_usage.access_history as access,
            lateral flatten(input => access.base_objects) as part
    """,
    "one in a CTE": """
        with failed as (select query_id, reason from snowflake.account_usage.query_history)
        select query_id from failed
    """,
    "one of a table function": """
        select credits from table(snowflake.information_schema.query_history(result_limit => 10))
    """,
}


@pytest.mark.parametrize("sql", PLANTED.values(), ids=PLANTED.keys())
def test_a_made_up_column_is_found(sql: str) -> None:
    with pytest.raises(OptimizeError):
        qualified(sql)


@pytest.mark.parametrize(
    "where",
    [
        "",
        "where user_name = 'META'",
        "where end_time >= dateadd('day', -7, current_timestamp())",
        "where start_time <= dateadd('day', -7, current_timestamp())",
        "where start_time >= dateadd('day', -7, current_timestamp()) or user_name = 'META'",
    ],
)
def test_an_unbounded_history_is_found(where: str) -> None:
    sql = f"select query_id from snowflake.account_usage.query_history {where}"
    assert unbounded(sql) == ["ACCOUNT_USAGE.QUERY_HISTORY"]


def test_the_pipeline_s_own_users_and_warehouses_are_those_of_the_bootstrap() -> None:
    """A service user that the questions do not know would make its reads count as people's."""
    created = "\n".join(path.read_text() for path in sorted((paths.ROOT / "deploy" / "snowflake").glob("*.sql")))
    services = _created(created, "USER")
    own_warehouses = _created(created, "WAREHOUSE") - {"REPORTING_WH"}
    users = {name: found for name, found in _literals("pipeline_users").items() if found != services}
    warehouses = {name: found for name, found in _literals("pipeline_warehouses").items() if found != own_warehouses}
    assert (users, warehouses) == ({}, {})
    assert services == {"LOADER", "TRANSFORMER", "META"}


def _created(sql: str, kind: str) -> set[str]:
    words = [line.split() for line in sql.lower().splitlines() if line.startswith(f"create {kind.lower()} ")]
    return {line[5].upper().rstrip(";") for line in words}


def _literals(cte: str) -> dict[str, set[str]]:
    """Per question that has the CTE, the texts in it."""
    found = {}
    for question in QUERIES.values():
        for each in parsed(question.sql).find_all(exp.CTE):
            if each.alias == cte:
                found[question.name] = {literal.name for literal in each.find_all(exp.Literal)}
    return found
