"""The answer to a question as typed data: what the page, the chart, the digest and the download are all made from.

"Nobody can know that here" is an answer of its own, with its reason, and so is "asking failed": an empty table would
read as "nothing to report". Pure.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from include.metalayer.figures import NO_RATES, NOTHING, Figure, Rates, Value, bills_bytes, moved, shown
from include.metalayer.query import Attention, Measure, Query, Unit

Row = Mapping[str, Value]


class State(StrEnum):
    """How asking ended."""

    ANSWERED = "answered"
    # The edition, a grant or Snowflake's latency is in the way: no second try will change that.
    CANNOT_KNOW = "cannot_know"
    FAILED = "failed"


class WrongColumns(ValueError):
    """The statement gives other columns than its header declares."""


@dataclass(frozen=True)
class Kept:
    """A row that somebody has declared to be meant as it is, with the reason, the owner and the last day of it."""

    row: Row
    reason: str
    owner: str
    until: date


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one question got, once.

    `asked_at` and `data_until` are aware; what happened after `data_until` may not be counted yet. `variant` names the
    query that was asked (`unused_tables`, or `unused_tables.standard`), which is the one that the functions below take;
    `reason` says why there is no answer, and `left_out` is how many rows were too many to keep.
    """

    query: str
    state: State
    asked_at: datetime
    data_until: datetime | None = None
    rows: tuple[Row, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    variant: str = ""
    statement_id: str = ""
    kept: tuple[Kept, ...] = ()
    left_out: int = 0

    @property
    def answered(self) -> bool:
        return self.state is State.ANSWERED

    def to_json(self) -> str:
        """The answer as one line of JSON."""
        content = asdict(self)
        for key in ("asked_at", "data_until"):
            content[key] = content[key] and content[key].isoformat()
        for entry in content["kept"]:
            entry["until"] = entry["until"].isoformat()
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Answer:
        """Read what `to_json` wrote; raises ValueError, KeyError or TypeError for anything else."""
        content = json.loads(text)
        for key in ("asked_at", "data_until"):
            content[key] = content[key] and datetime.fromisoformat(content[key])
        kept = tuple(Kept(**{**entry, "until": date.fromisoformat(entry["until"])}) for entry in content["kept"])
        return cls(**{**content, "state": State(content["state"]), "rows": tuple(content["rows"]), "kept": kept})


@dataclass(frozen=True)
class Wish:
    """A row that wants a person, and the sentence that says why."""

    row: Row
    words: str


def typed_rows(query: Query, names: Sequence[str], records: Iterable[Sequence[Any]]) -> tuple[Row, ...]:
    """A cursor's records as rows of the declared columns: numbers plain, times as ISO 8601 in UTC.

    Raises WrongColumns when a declared column is not among `names`.
    """
    places = {name.lower(): place for place, name in enumerate(names)}
    missing = [column.name for column in query.columns if column.name not in places]
    if missing:
        raise WrongColumns(f"The statement of {query.path.name} gives no column `{missing[0]}`: correct its header.")
    return tuple(
        {column.name: _plain(record[places[column.name]], column.unit) for column in query.columns}
        for record in records
    )


def _plain(value: Any, unit: Unit) -> Value:
    match value:
        case None | bool():
            return value
        case int() | float() | Decimal():
            return _number(value, unit)
        case datetime():
            # A session in UTC: what comes without a zone is UTC too.
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    return str(value)


def _number(value: int | float | Decimal, unit: Unit) -> int | float | None:
    if not math.isfinite(value):
        return None
    if unit in (Unit.COUNT, Unit.BYTES) and value == int(value):
        return int(value)
    return value if isinstance(value, int) else float(value)


def headline(query: Query, answer: Answer, rates: Rates = NO_RATES) -> Figure:
    """The value that stands for the answer. Over no rows a sum or a count is 0, any other measure is nothing."""
    rule = query.headline
    if not answer.answered:
        return Figure(None, rule.unit, NOTHING)
    value = _measured([row for row in answer.rows if counts(query, row)], rule.of, rule.column)
    money = rates.money(value, rule.unit, billed_bytes=bills_bytes(query))
    return Figure(value, rule.unit, shown(value, rule.unit), money)


def counts(query: Query, row: Row) -> bool:
    """Whether the headline is about this row."""
    return all(row.get(name) == value for name, value in query.headline.where.items())


def _measured(rows: Sequence[Row], measure: Measure, column: str | None) -> Value:
    if column is None:
        return len(rows)
    values = [row[column] for row in rows if row.get(column) is not None]
    if measure is Measure.COUNT:
        return len(values)
    if measure is Measure.SUM:
        return _sum(values)
    return _PICK[measure](values) if values else None


def _sum(values: Sequence[Value]) -> int | float:
    numbers = [value for value in values if isinstance(value, (int, float))]
    # Credits are small fractions by the thousand: fsum keeps their sum equal to the bill.
    return sum(numbers) if all(isinstance(number, int) for number in numbers) else math.fsum(numbers)


_PICK: Mapping[Measure, Callable[[Sequence[Any]], Value]] = {
    Measure.MAX: max,
    Measure.MIN: min,
    Measure.FIRST: lambda values: values[0],
    Measure.LAST: lambda values: values[-1],
}


def wishes(query: Query, answer: Answer) -> list[Wish]:
    """The rows that want a person, in the answer's order; a row is named once, by the first rule that it meets."""
    units = {column.name: column.unit for column in query.columns}
    found = []
    for row in answer.rows:
        rule = next((rule for rule in query.attention if _meets(row.get(rule.column), rule)), None)
        if rule is not None:
            found.append(Wish(row, rule.words.format_map({name: shown(row.get(name), units[name]) for name in units})))
    return found


def attention(query: Query, answer: Answer) -> list[str]:
    """Why the answer wants a person, one sentence a row."""
    return [wish.words for wish in wishes(query, answer)]


def _meets(value: Value, rule: Attention) -> bool:
    if rule.equals is not None:
        return value is not None and value == rule.equals
    if not isinstance(value, (int, float)):
        return False
    return value > rule.above if rule.above is not None else rule.below is not None and value < rule.below


def new_wishes(query: Query, answer: Answer, before: Answer | None) -> list[Wish]:
    """The rows that want a person and did not the time before."""
    known = {_identity(query, wish.row) for wish in wishes(query, before)} if before else set()
    return [wish for wish in wishes(query, answer) if _identity(query, wish.row) not in known]


def new_rows(query: Query, answer: Answer, before: Answer | None) -> list[Row]:
    """The rows that were not there before; none when nobody can tell."""
    return _only_in(query, answer, before) if before is not None and comparable(answer, before) else []


def gone_rows(query: Query, answer: Answer, before: Answer | None) -> list[Row]:
    """The rows of before that are no longer there; none when nobody can tell."""
    return _only_in(query, before, answer) if before is not None and comparable(before, answer) else []


def comparable(answer: Answer, other: Answer) -> bool:
    """Whether a row that only `answer` has tells something: `other` is whole, and both went the same road."""
    return answer.answered and other.answered and not other.left_out and answer.variant == other.variant


def _only_in(query: Query, answer: Answer, other: Answer) -> list[Row]:
    """A row that has been declared as meant has neither come nor gone, and a point in time is no thing that does."""
    if any(column.name in query.key and column.unit in (Unit.TIME, Unit.DATE) for column in query.columns):
        return []
    known = {_identity(query, row) for row in (*other.rows, *(kept.row for kept in other.kept))}
    return [row for row in answer.rows if _identity(query, row) not in known]


def _identity(query: Query, row: Row) -> tuple[Value, ...]:
    return tuple(row.get(name) for name in query.key)


def name_of(query: Query, row: Row) -> str:
    """What a row is called in a list: its first name and what else identifies it, without what all rows share.

    Two values at most, in the order of the columns: a key may end in a hash that says nothing to anybody.
    """
    first = next((column.name for column in query.columns if column.unit is Unit.NAME), None)
    naming = [column for column in query.columns if column.name == first or column.name in query.key]
    naming = [column for column in naming if column.name not in query.headline.where] or naming
    return " · ".join(shown(row.get(column.name), column.unit) for column in naming[:2])


def change(query: Query, answer: Answer, before: Answer | None) -> str:
    """How the headline has moved (`figures.moved`); empty when there is nothing to compare it with."""
    if before is None or not (answer.answered and before.answered) or answer.variant != before.variant:
        return ""
    return moved(headline(query, answer).value, headline(query, before).value, query.headline.unit)
