"""One question to Snowflake about itself: a `.sql` file with a typed header.

The file opens with a block comment that holds YAML (`header.py` says which keys), then comes one statement that runs
when pasted in a worksheet. The page, the digest and the doctor need no code of their own for a new question: a file
dropped in the folder is all. Pure.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from include.metalayer.header import (
    Attention,
    Chart,
    ChartKind,
    Column,
    Edition,
    Group,
    Header,
    Headline,
    Measure,
    Rhythm,
    Text,
    Unit,
)
from include.sources.declaration import DeclarationError

__all__ = [
    "QUERIES",
    "Attention",
    "Chart",
    "ChartKind",
    "Column",
    "Edition",
    "Group",
    "Headline",
    "Measure",
    "Query",
    "QueryError",
    "Rhythm",
    "Unit",
    "load",
    "questions",
    "read",
    "standard_road",
]

QUERIES = Path(__file__).parent / "queries"

_FILE = re.compile(r"\s*/\*(?P<header>.*?)\*/(?P<sql>.*)", re.DOTALL)
_FROM_FILE = ("name", "path", "sql")
# Every DAG file of the meta layer reads all headers at each parse; the loader in C takes a tenth of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class QueryError(DeclarationError):
    """A query file cannot be used; the message names the file, each wrong key and what to write."""


class Query(Header):
    """One question: its header's keys, its name (the file's stem), its path, and the statement without the header."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.standard)?$")]
    path: Path
    sql: Text

    @model_validator(mode="after")
    def _is_named_after_the_question_it_answers(self) -> Self:
        if (f"{self.answers}.standard" if self.answers else None) != (self.name if "." in self.name else None):
            raise ValueError("a file `<question>.standard.sql`, and no other, has `answers: <question>`")
        return self


def read(path: Path) -> Query:
    """The question of one file. Raises QueryError."""
    match = _FILE.fullmatch(path.read_text(encoding="utf-8"))
    if match is None:
        raise QueryError(path, ["the file must open with a header: a block comment `/* ... */` that holds YAML"])
    sql = match["sql"].strip()
    if sql.endswith(";"):
        raise QueryError(path, ["remove the semicolon at the end: the statement is also used as a part of others"])
    header = _header(path, match["header"])
    if given := [key for key in _FROM_FILE if key in header]:
        raise QueryError(path, [f"{key}: remove it, the file itself says it" for key in given])
    try:
        return Query.model_validate({**header, "name": path.stem, "path": path, "sql": sql})
    except ValidationError as error:
        raise QueryError(path, [_problem(detail) for detail in error.errors()]) from error


def _header(path: Path, text: str) -> dict[str, Any]:
    try:
        node = yaml.compose(text, _Loader)
        header = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise QueryError(path, [f"the header is no YAML: {' '.join(str(error).split())}"]) from error
    if not isinstance(node, yaml.MappingNode) or not isinstance(header, dict):
        raise QueryError(path, ["the header must be a mapping of keys to values"])
    # YAML would take the last one and say nothing.
    twice = [key for key, count in Counter(key.value for key, _ in node.value).items() if count > 1]
    if twice:
        raise QueryError(path, [f"{key}: the key is written twice: keep one" for key in twice])
    return header


def _problem(detail: Mapping[str, Any]) -> str:
    key = ".".join(str(part) for part in detail["loc"])
    match detail["type"]:
        case "missing":
            return f"{key}: the key is missing: add it"
        case "extra_forbidden":
            return f"{key}: the key is unknown: remove it or correct its name"
        case "value_error":
            return ": ".join(filter(None, [key, str(detail["ctx"]["error"])]))
    return f"{key}: {detail['msg']} (found {detail['input']!r})"


def load(folder: Path = QUERIES) -> Mapping[str, Query]:
    """Every query of a folder by name, grouped as people read them; within a group, as the files are named.

    A question's road on Standard edition stands right after it, as `<question>.standard`. Raises QueryError.
    """
    found = sorted((read(path) for path in folder.glob("*.sql")), key=lambda query: query.name)
    order = list(Group)
    queries = {query.name: query for query in sorted(found, key=lambda query: order.index(query.group))}
    for query in found:
        if query.answers:
            _check_road(query, queries.get(query.answers))
    return MappingProxyType(queries)


def _check_road(road: Query, question: Query | None) -> None:
    """Two answers to one question must look the same, or a change of edition would read as a change of the world."""
    if question is None:
        raise QueryError(road.path, [f"answers: there is no question `{road.answers}`: correct the name"])
    if road.edition is not Edition.STANDARD:
        raise QueryError(road.path, ["edition: it must be `standard`, or the file is no road"])
    for key in ("group", "rhythm", "columns", "key", "headline"):
        if getattr(road, key) != getattr(question, key):
            raise QueryError(road.path, [f"{key}: it must be the same as in {question.path.name}"])


def questions(queries: Mapping[str, Query]) -> tuple[Query, ...]:
    """The questions, without their roads on Standard edition."""
    return tuple(query for query in queries.values() if query.answers is None)


def standard_road(queries: Mapping[str, Query], query: Query) -> Query | None:
    """How the question is answered on Standard edition when its own statement cannot be; None when there is no way."""
    return queries.get(f"{query.name}.standard")
