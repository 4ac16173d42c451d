"""Ask Snowflake one question. Whatever happens, the outcome is an answer, and what is no answer says why.

A question that needs Enterprise edition is asked the Standard way where the account has no access history, and an empty
table counts as an answer only when the record it comes from is old enough to hold anything.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.firehose.designs.style import duration
from include.metalayer import refusal
from include.metalayer.answer import Answer, State, typed_rows
from include.metalayer.query import Edition, Query, standard_road
from include.metalayer.refusal import Refusal

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

# More than anybody reads, and what one answer may weigh where it is kept.
MOST_ROWS = 10_000

_ANY_ACCESS = """
select 1 from snowflake.account_usage.access_history
where query_start_time >= dateadd('day', -14, current_timestamp()) limit 1
"""
_RECORD = """
select min(start_time), max(start_time) from snowflake.account_usage.query_history
where start_time >= dateadd('day', -14, current_timestamp())
"""
# ACCESS_HISTORY is the latest of what an Enterprise question reads.
_ACCESS_LATENCY = timedelta(hours=3)
# A record that shows what was done a minute ago hides nothing.
_AT_ONCE = timedelta(minutes=1)


class CannotKnow(Exception):
    """The account cannot answer this question, whoever asks and how often; the message says why."""


@dataclass(frozen=True)
class Record:
    """What the query history holds of the last fortnight: the times of its first and its last statement, if any."""

    first: datetime | None
    last: datetime | None

    def hides(self, latency: timedelta, now: datetime) -> bool:
        """Whether it is so young that what is `latency` late may hold nothing yet."""
        if self.first is None or self.last is None:
            return True
        return self.first > now - latency and self.last < now - _AT_ONCE


def ask(connection: SnowflakeConnection, query: Query, queries: Mapping[str, Query]) -> Answer:
    """The answer to a question, now. `queries` holds its road on Standard edition, if there is one. Never raises."""
    asked_at, began = datetime.now(UTC), time.monotonic()
    try:
        answer = _answer(connection, query, queries, asked_at)
    except Exception as error:
        answer = unanswered(query, error, asked_at=asked_at)
    return replace(answer, seconds=round(time.monotonic() - began, 3))


def unanswered(query: Query, error: Exception, *, asked_at: datetime) -> Answer:
    """What is said of a question that an error has kept from an answer."""
    why = Refusal(State.CANNOT_KNOW, str(error)) if isinstance(error, CannotKnow) else refusal.refusal(error, query)
    return Answer(query=query.name, state=why.state, asked_at=asked_at, reason=why.reason, variant=query.name)


def _answer(connection: SnowflakeConnection, query: Query, queries: Mapping[str, Query], asked_at: datetime) -> Answer:
    road = _road(connection, query, queries, asked_at)
    latency = timedelta(minutes=road.latency_minutes)
    with connection.cursor() as cursor:
        cursor.execute(road.sql)
        records = cursor.fetchmany(MOST_ROWS)
        rows = typed_rows(road, [column.name for column in cursor.description], records)
        found, statement_id = cursor.rowcount, cursor.sfqid
    if not rows and latency:
        _check_age(connection, latency, asked_at)
    return Answer(
        query=query.name,
        state=State.ANSWERED,
        asked_at=asked_at,
        data_until=asked_at - latency,
        rows=rows,
        variant=road.name,
        statement_id=statement_id or "",
        left_out=max((found or 0) - len(rows), 0),
    )


def _road(connection: SnowflakeConnection, query: Query, queries: Mapping[str, Query], now: datetime) -> Query:
    """The query to ask here: the question's own, or its road on Standard edition. Raises CannotKnow."""
    if query.edition is Edition.STANDARD or _has_access_history(connection):
        return query
    if _record(connection).hides(_ACCESS_LATENCY, now):
        raise CannotKnow(
            "Snowflake has recorded nothing yet: who reads what shows up to "
            f"{duration(_ACCESS_LATENCY.total_seconds())} later. Ask again then."
        )
    road = standard_road(queries, query)
    if road is None:
        raise CannotKnow("This needs Snowflake's Enterprise edition (ACCESS_HISTORY), and this account has not got it.")
    return road


def _has_access_history(connection: SnowflakeConnection) -> bool:
    """Whether the account records who reads what. A missing grant shows at the query history."""
    try:
        return bool(_rows(connection, _ANY_ACCESS))
    except Exception as error:
        if not refusal.lacks_object(error):
            raise
        return False


def _check_age(connection: SnowflakeConnection, latency: timedelta, now: datetime) -> None:
    """Raises CannotKnow when nothing could be found because nothing is there yet."""
    try:
        record = _record(connection)
    except Exception as error:
        # Without the grant to look nobody can tell, and the empty answer stands as it came.
        if not refusal.lacks_object(error):
            raise
        return
    if record.hides(latency, now):
        since = f" at {record.first:%Y-%m-%d %H:%M} UTC" if record.first else ""
        raise CannotKnow(
            f"Snowflake's record has only just begun{since}, and what this question reads is up to "
            f"{duration(latency.total_seconds())} late. Ask again then."
        )


def _record(connection: SnowflakeConnection) -> Record:
    ((first, last),) = _rows(connection, _RECORD)
    return Record(*(moment and moment.astimezone(UTC) for moment in (first, last)))


def _rows(connection: SnowflakeConnection, statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())
