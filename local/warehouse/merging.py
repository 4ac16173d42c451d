"""MERGE and SWAP WITH, in the terms DuckDB has for them."""

from typing import TYPE_CHECKING

from sqlglot import exp

from .errors import does_not_exist, unsupported
from .history.facts import Swapped
from .names import full_name, quoted
from .relations import atomically, relation_kind

if TYPE_CHECKING:
    from .session import Session


MERGE_COLUMNS = {
    "INSERT": "number of rows inserted",
    "UPDATE": "number of rows updated",
    "DELETE": "number of rows deleted",
}


def merge_actions(merge: exp.Merge) -> list[str]:
    """The actions a MERGE reports on, in Snowflake's order."""
    whens = merge.args["whens"].expressions
    named = {_merge_action(when) for when in whens}
    return [action for action in MERGE_COLUMNS if action in named]


def _merge_action(when: exp.When) -> str:
    then = when.args["then"]
    if isinstance(then, exp.Insert):
        return "INSERT"
    return "UPDATE" if isinstance(then, exp.Update) else "DELETE"


def merge_sql(merge: exp.Merge) -> str:
    for when in merge.args["whens"].expressions:
        then = when.args["then"]
        if isinstance(then, exp.Update):
            for assignment in then.expressions:
                # DuckDB sets plain columns: T.X = ... is X = ...
                assignment.set("this", exp.column(assignment.this.this.copy()))
        elif isinstance(then, exp.Insert) and then.this:
            for column in then.this.expressions:
                column.set("table", None)
    return f"{merge.sql(dialect='duckdb')} RETURNING merge_action"


def swap(alter: exp.Alter, other: exp.Table, session: "Session") -> None:
    """ALTER TABLE ... SWAP WITH, as three renames in one transaction."""
    first, second = full_name(alter.this, session), full_name(other, session)
    if first[:2] != second[:2]:
        raise unsupported("SWAP WITH a table of another schema")
    for name in (first, second):
        if relation_kind(session, ".".join(name)) != "TABLE":
            raise does_not_exist("Table", ".".join(name))
    parked = f"{first[2]}__swap"
    with atomically(session):
        for old, new in ((first[2], parked), (second[2], first[2]), (parked, second[2])):
            source = quoted(f"{first[0]}.{first[1]}.{old}")
            session.duck.execute(f"ALTER TABLE {source} RENAME TO {quoted(new)}")
    session.note(Swapped(".".join(first), ".".join(second)))
