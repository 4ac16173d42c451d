"""The answers as they are kept: one table in Snowflake, which outlives Airflow and can be asked like any other.

They are kept so that a page shows how something changed, and a digest says what is new. Reading is one statement for
everything a page shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from include.metalayer.answer import Answer, Kept, Row, State, headline
from include.metalayer.figures import Value
from include.metalayer.query import Query

if TYPE_CHECKING:
    from snowflake.connector import SnowflakeConnection

TABLE = "META.LAYER.ANSWERS"
RETENTION = timedelta(days=400)
# Snowflake takes statements of one megabyte. A larger answer is kept in several parts.
PART_BYTES = 700_000

_CREATE = f"""
create table if not exists {TABLE} (
    question varchar not null comment 'The name of its file in include/metalayer/queries',
    asked_at timestamp_ntz not null comment 'UTC, as all times here',
    part integer not null comment 'From 0: an answer that is too large for one statement goes on in the next part',
    state varchar not null comment 'answered, cannot_know or failed',
    reason varchar not null comment 'Why there is no answer; empty when there is one',
    data_until timestamp_ntz comment 'What happened later may not be counted yet',
    seconds float not null,
    variant varchar not null comment 'The name of the query that was asked: the question, or its Standard-edition road',
    statement_id varchar not null,
    headline float comment 'The one value that stands for the answer',
    left_out integer not null comment 'How many rows were too many to keep',
    answer_rows variant not null,
    kept_rows variant not null comment 'Rows that keep.yml sets apart, with the reason'
) comment = 'What the meta layer was answered, one row per question, time and part'
"""
_INSERT = f"""
insert into {TABLE} (question, asked_at, part, state, reason, data_until, seconds, variant, statement_id, headline,
    left_out, answer_rows, kept_rows)
select %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, parse_json(%s), parse_json(%s)
"""
_FORGET = f"delete from {TABLE} where question = %s and asked_at < %s"
_COLUMNS = """answers.question, answers.asked_at, answers.part, answers.state, answers.reason, answers.data_until,
    answers.seconds, answers.variant, answers.statement_id, answers.left_out, answers.answer_rows, answers.kept_rows"""
_LATEST = f"""
with wanted as (
    select question, max(asked_at) as latest, max(iff(state = 'answered', asked_at, null)) as answered
    from {TABLE}
    group by question
)
select {_COLUMNS}
from {TABLE} as answers
inner join wanted on answers.question = wanted.question
    and (answers.asked_at = wanted.latest or answers.asked_at = wanted.answered)
order by answers.question, answers.asked_at, answers.part
"""
_BEFORE = f"""
with wanted as (
    select max(asked_at) as answered
    from {TABLE}
    where question = %s and state = 'answered' and asked_at <= %s
)
select {_COLUMNS}
from {TABLE} as answers
inner join wanted on answers.asked_at = wanted.answered
where answers.question = %s
order by answers.part
"""
_HEADLINES = f"""
select question, asked_at, headline
from {TABLE}
where state = 'answered' and part = 0 and headline is not null and asked_at >= %s
qualify row_number() over (partition by question, to_date(asked_at) order by asked_at desc) = 1
order by question, asked_at
"""


@dataclass(frozen=True)
class Standing:
    """What is known of a question: how asking ended the last time, and the last answer it got, if ever it got one."""

    latest: Answer
    answered: Answer | None


@dataclass(frozen=True)
class Point:
    """A headline's value at a time."""

    at: datetime
    value: float


def keep(connection: SnowflakeConnection, query: Query, answer: Answer) -> None:
    """Write an answer down, and forget those of its question that are older than RETENTION."""
    value = headline(query, answer).value
    with connection.cursor() as cursor:
        cursor.execute(_CREATE)
        for part, (rows, kept) in enumerate(_parts(answer)):
            record = (
                *(answer.query, _naive(answer.asked_at), part, answer.state.value, answer.reason),
                *(answer.data_until and _naive(answer.data_until), answer.seconds, answer.variant, answer.statement_id),
                *(_number(value), answer.left_out, rows, kept),
            )
            cursor.execute(_INSERT, record)
        cursor.execute(_FORGET, (answer.query, _naive(answer.asked_at - RETENTION)))


def latest(connection: SnowflakeConnection) -> dict[str, Standing]:
    """What is known of each question that has ever been asked, in one statement."""
    found: dict[str, list[Answer]] = {}
    for answer in _answers(connection, _LATEST):
        found.setdefault(answer.query, []).append(answer)
    return {
        question: Standing(answers[-1], next((answer for answer in reversed(answers) if answer.answered), None))
        for question, answers in found.items()
    }


def before(connection: SnowflakeConnection, question: str, moment: datetime) -> Answer | None:
    """The last answer that the question got until a moment."""
    return next(_answers(connection, _BEFORE, (question, _naive(moment), question)), None)


def headlines(connection: SnowflakeConnection, *, since: datetime) -> dict[str, list[Point]]:
    """How each question's headline has moved since a time: the last value of each day, oldest first."""
    series: dict[str, list[Point]] = {}
    for question, asked_at, value in _records(connection, _HEADLINES, (_naive(since),)):
        series.setdefault(question, []).append(Point(_aware(asked_at), float(value)))
    return series


def values(connection: SnowflakeConnection, question: str, *, since: datetime) -> list[float]:
    """The headline of one question since a time: the last value of each day, oldest first."""
    return [point.value for point in headlines(connection, since=since).get(question, [])]


def _parts(answer: Answer) -> Iterator[tuple[str, str]]:
    """The answer's rows as JSON texts that fit into one statement each; the kept ones go with the first."""
    kept = json.dumps([{**vars(entry), "until": entry.until.isoformat()} for entry in answer.kept])
    rows: list[str] = []
    size = len(kept)
    for row in answer.rows:
        text = json.dumps(row, separators=(",", ":"))
        if rows and size + len(text) > PART_BYTES:
            yield f"[{','.join(rows)}]", kept
            rows, size, kept = [], 0, "[]"
        rows.append(text)
        size += len(text)
    yield f"[{','.join(rows)}]", kept


def _answers(connection: SnowflakeConnection, statement: str, values: Sequence[Any] = ()) -> Iterator[Answer]:
    """The answers of a statement that gives _COLUMNS, their parts put together."""
    whole: Answer | None = None
    for record in _records(connection, statement, values):
        answer, part = _answer(record)
        if part and whole is not None:
            whole = replace(whole, rows=(*whole.rows, *answer.rows))
            continue
        if whole is not None:
            yield whole
        whole = answer
    if whole is not None:
        yield whole


def _records(connection: SnowflakeConnection, statement: str, values: Sequence[Any] = ()) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall())


def _answer(record: Sequence[Any]) -> tuple[Answer, int]:
    question, asked_at, part, state, reason, data_until, seconds, variant, statement_id, left_out, rows, kept = record
    return Answer(
        query=question,
        state=State(state),
        asked_at=_aware(asked_at),
        data_until=data_until and _aware(data_until),
        rows=tuple(json.loads(rows)),
        reason=reason,
        seconds=seconds,
        variant=variant,
        statement_id=statement_id,
        kept=tuple(_kept(entry) for entry in json.loads(kept)),
        left_out=left_out,
    ), part


def _kept(entry: Mapping[str, Any]) -> Kept:
    row: Row = entry["row"]
    return Kept(row, entry["reason"], entry["owner"], date.fromisoformat(entry["until"]))


def _number(value: Value) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None


def _naive(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
