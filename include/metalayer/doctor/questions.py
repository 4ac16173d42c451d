"""Each question tried without reading a row: Snowflake compiles the statement, and what it refuses is told apart.

It uses the same words whether a grant, an edition or an object is missing; the role's grants tell which it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from include.metalayer import refusal
from include.metalayer.doctor.finding import Finding, Problem, Session, first_line
from include.metalayer.query import Edition, Query, questions, standard_road

# Snowflake's numbers.
INVALID_IDENTIFIER = 904
NO_WAREHOUSE = 606
QUOTA_USED_UP = 90073
# Any of its roles shows the database SNOWFLAKE, in which the functions of what runs now stand.
LEAST_ROLE = "OBJECT_VIEWER"

_ACCESSES = """
select 1 from snowflake.account_usage.access_history
where query_start_time >= dateadd('day', -14, current_timestamp()) limit 1
"""


def examine(session: Session, queries: Mapping[str, Query]) -> list[Finding]:
    """One finding for each question, in their order."""
    recorded = _accesses_are_recorded(session)
    return [_ask(session, query, queries, recorded) for query in questions(queries)]


def _ask(session: Session, query: Query, queries: Mapping[str, Query], accesses_are_recorded: bool) -> Finding:
    """Whether a question can be answered here, in the way it would be asked."""
    if query.edition is Edition.STANDARD or accesses_are_recorded:
        return _try(session, query)
    own = _try(session, query)
    if own.problem in (Problem.GRANT, Problem.WAREHOUSE):
        return own
    why = "The account records no accesses: it is not of Enterprise edition, or too young."
    road = standard_road(queries, query)
    if road is None:
        return Finding(subject=query.name, problem=Problem.EDITION, words=f"{why} Nothing can answer this question.")
    found = _try(session, road)
    if found.blocks:
        return replace(found, subject=query.name)
    return Finding(subject=query.name, problem=Problem.STANDARD, words=f"{why} It is asked as {road.path.name}.")


def _try(session: Session, query: Query) -> Finding:
    """Let Snowflake compile the statement, as it is, and compare the columns with those its header promises."""
    try:
        with session.connection.cursor() as cursor:
            cursor.execute(f"select * from (\n{query.sql}\n) limit 0")
            given = {column.name.lower() for column in cursor.description}
    except Exception as error:
        return diagnosis(error, query, session.role, session.database_roles)
    missing = [column.name for column in query.columns if column.name not in given]
    if missing:
        words = f"The statement gives no column {', '.join(missing)}."
        mend = f"Correct the header or the statement of {query.path.name}."
        return Finding(subject=query.name, problem=Problem.COLUMN, blocks=True, words=words, mend=mend)
    return Finding(subject=query.name)


def diagnosis(error: Exception, query: Query, role: str, held: frozenset[str]) -> Finding:
    """What Snowflake's refusal of a question means for a role that has the database roles `held`."""
    number = getattr(error, "errno", None)
    words = refusal.refusal(error, query).reason
    problem, mend = Problem.OTHER, ""
    if refusal.lacks_object(error) and "SNOWFLAKE" in first_line(error):
        lacking = [name for name in query.database_roles if name not in held]
        lacking = lacking or ([] if held else [LEAST_ROLE])
        if lacking:
            problem = Problem.GRANT
            words = f"{role} lacks {' and '.join(f'SNOWFLAKE.{name}' for name in lacking)}."
            mend = " ".join(f"grant database role SNOWFLAKE.{name} to role {role};" for name in lacking)
        else:
            problem = Problem.EDITION if query.edition is Edition.ENTERPRISE else Problem.COLUMN
            words = f"{role} has the grants, and Snowflake has not got what the statement reads. ({first_line(error)})"
    elif number == INVALID_IDENTIFIER:
        problem = Problem.COLUMN
        mend = f"Correct {query.path.name}, and the contract file of the view it reads."
    elif number in (NO_WAREHOUSE, QUOTA_USED_UP):
        problem = Problem.WAREHOUSE
    return Finding(subject=query.name, problem=problem, blocks=True, words=words, mend=mend)


def _accesses_are_recorded(session: Session) -> bool:
    try:
        return bool(session.rows(_ACCESSES))
    except Exception:
        # Whatever is in the way is in the way of the questions as well, and told there.
        return False
