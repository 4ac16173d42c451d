"""The typed header of a question: what it asks in words, and what its answer holds for those who show it.

Closed vocabularies and frozen values, checked when they are made: a wrong header would otherwise show as an empty cell
in somebody's digest. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from string import Formatter
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


class Edition(StrEnum):
    """The least edition of Snowflake in which a question can be answered."""

    STANDARD = "standard"
    ENTERPRISE = "enterprise"


class Rhythm(StrEnum):
    """How often a question is asked."""

    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"


class Group(StrEnum):
    """What a question is about; the order here is the order in which people read the answers."""

    NOW = "now"
    SPEND = "spend"
    USE = "use"
    HEALTH = "health"
    ACCESS = "access"


class Unit(StrEnum):
    """What the values of a column are. Times are UTC."""

    TEXT = "text"
    NAME = "name"
    COUNT = "count"
    BYTES = "bytes"
    CREDITS = "credits"
    SECONDS = "seconds"
    PERCENT = "percent"
    TIME = "time"
    DATE = "date"
    FLAG = "flag"


class Measure(StrEnum):
    """How a column of many rows becomes one value: `first` and `last` are in the order of the statement's rows."""

    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    MIN = "min"
    FIRST = "first"
    LAST = "last"


class ChartKind(StrEnum):
    """The pictures there are."""

    LINE = "line"
    BAR = "bar"
    STACKED = "stacked"


def _list(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Names = Annotated[tuple[Name, ...], BeforeValidator(_list)]
Scalar = bool | int | float | str


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Part):
    """One column of the answer: the statement's own name for it, what people call it, and its unit."""

    name: Name
    title: Text
    unit: Unit


class Headline(_Part):
    """The one value that stands for the answer, such as "4.21 credits yesterday".

    `where` keeps to the rows that have these values. `column` may be left out for a count of rows.
    """

    of: Measure
    column: Name | None = None
    where: Mapping[Name, Scalar] = Field(default_factory=dict)
    unit: Unit
    words: Text

    @model_validator(mode="after")
    def _has_a_column_unless_it_counts(self) -> Self:
        if self.column is None and self.of is not Measure.COUNT:
            raise ValueError(f"`of: {self.of}` needs a column: name it in `column`")
        return self


class Attention(_Part):
    """When a row wants a person: its column is above, below or equal to a value. `words` may name columns in braces."""

    column: Name
    above: float | None = None
    below: float | None = None
    equals: Scalar | None = None
    words: Text

    @model_validator(mode="after")
    def _has_one_condition_and_readable_words(self) -> Self:
        if sum(value is not None for value in (self.above, self.below, self.equals)) != 1:
            raise ValueError("write exactly one of `above`, `below` and `equals`")
        try:
            list(Formatter().parse(self.words))
        except ValueError as error:
            raise ValueError("the words cannot be filled in: write each column as `{column}`") from error
        return self

    @property
    def named(self) -> frozenset[str]:
        """The columns that the words name."""
        return frozenset(field for _, field, _, _ in Formatter().parse(self.words) if field is not None)


class Chart(_Part):
    """A picture of the answer. Rows with the same `x` and `series` are added up; each column of `y` is a series too."""

    kind: ChartKind
    x: Name
    y: Annotated[Names, Field(min_length=1)]
    series: Name | None = None


class Header(_Part):
    """Everything that stands in the header of a query file."""

    title: Annotated[str, Field(min_length=1, max_length=34)]
    question: Text
    why: Text
    owner: Text
    group: Group
    views: tuple[Annotated[str, Field(pattern=r"^[A-Z_]+\.[A-Z_]+$")], ...]
    database_roles: tuple[Annotated[str, Field(pattern=r"^[A-Z_]+$")], ...]
    edition: Edition
    latency_minutes: Annotated[int, Field(ge=0)]
    rhythm: Rhythm
    columns: Annotated[tuple[Column, ...], Field(min_length=1)]
    key: Annotated[Names, Field(min_length=1)]
    headline: Headline
    attention: tuple[Attention, ...] = ()
    chart: Chart | None = None
    answers: Name | None = None

    @model_validator(mode="after")
    def _names_only_its_columns(self) -> Self:
        known = [column.name for column in self.columns]
        if twice := [name for name, count in Counter(known).items() if count > 1]:
            raise ValueError(f"the column `{twice[0]}` is declared twice: keep one")
        for key, names in self._mentions():
            for name in sorted(names - set(known)):
                raise ValueError(f"`{key}` names `{name}`, which is no column: the columns are {', '.join(known)}")
        return self

    def _mentions(self) -> list[tuple[str, set[str]]]:
        """Every key that names columns, with those it names."""
        mentions = [("key", set(self.key)), ("headline.where", set(self.headline.where))]
        if self.headline.column:
            mentions.append(("headline.column", {self.headline.column}))
        mentions += [("attention.column", {rule.column}) for rule in self.attention]
        mentions += [("attention.words", set(rule.named)) for rule in self.attention]
        if self.chart:
            mentions.append(("chart", {self.chart.x, *self.chart.y, *filter(None, [self.chart.series])}))
        return mentions
