"""A query file is read into a typed question, or refused with its file, its key and what to write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.metalayer import query
from include.metalayer.query import Edition, Group, Measure, Query, QueryError, Rhythm, Unit

RIGHT: dict[str, Any] = {
    "title": "Unused tables",
    "question": "Which tables has nobody read?",
    "why": "They cost storage.",
    "owner": "data",
    "group": "use",
    "views": ["ACCOUNT_USAGE.TABLES"],
    "database_roles": ["OBJECT_VIEWER"],
    "edition": "standard",
    "latency_minutes": 90,
    "rhythm": "weekly",
    "columns": [
        {"name": "table_name", "title": "Table", "unit": "name"},
        {"name": "bytes", "title": "Size", "unit": "bytes"},
    ],
    "key": "table_name",
    "headline": {"column": "bytes", "of": "sum", "unit": "bytes", "words": "in all"},
    "attention": [{"column": "bytes", "above": 10, "words": "{table_name} takes {bytes}"}],
    "chart": {"kind": "bar", "x": "table_name", "y": "bytes"},
}
SQL = "select table_name, bytes from snowflake.account_usage.tables"


def write(folder: Path, header: dict[str, Any] | str, *, name: str = "unused_tables", sql: str = SQL) -> Path:
    path = folder / f"{name}.sql"
    text = header if isinstance(header, str) else yaml.safe_dump(header)
    path.write_text(f"/*\n{text}\n*/\n{sql}\n")
    return path


def refused(folder: Path, header: dict[str, Any] | str, **options: str) -> str:
    with pytest.raises(QueryError) as caught:
        query.read(write(folder, header, **options))
    return str(caught.value)


def test_a_right_file_is_read_into_a_typed_question(tmp_path: Path) -> None:
    read = query.read(write(tmp_path, RIGHT))
    assert (read.name, read.sql, read.path) == ("unused_tables", SQL, tmp_path / "unused_tables.sql")
    assert (read.edition, read.rhythm, read.group) == (Edition.STANDARD, Rhythm.WEEKLY, Group.USE)
    assert [column.unit for column in read.columns] == [Unit.NAME, Unit.BYTES]
    assert read.key == ("table_name",)
    assert read.headline.of is Measure.SUM
    assert read.chart is not None
    assert read.chart.y == ("bytes",)


def test_a_question_cannot_be_changed_after_it_was_read(tmp_path: Path) -> None:
    read: Any = query.read(write(tmp_path, RIGHT))
    with pytest.raises(ValueError, match="frozen"):
        read.title = "Other"


@pytest.mark.parametrize("key", sorted(set(RIGHT) - {"attention", "chart"}))
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    header = {name: value for name, value in RIGHT.items() if name != key}
    assert refused(tmp_path, header).endswith(f"unused_tables.sql: {key}: the key is missing: add it.")


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("titel", "x", "titel: the key is unknown: remove it or correct its name"),
        ("name", "x", "name: remove it, the file itself says it"),
        ("title", "x" * 35, "title: String should have at most 34 characters"),
        ("rhythm", "hourly", "rhythm: Input should be 'now', 'daily' or 'weekly' (found 'hourly')"),
        ("edition", "business", "edition: Input should be 'standard' or 'enterprise'"),
        ("views", ["account_usage.tables"], "views.0: String should match pattern"),
        ("columns", [], "columns: Tuple should have at least 1 item"),
        ("columns", [*RIGHT["columns"], RIGHT["columns"][0]], "the column `table_name` is declared twice: keep one"),
        ("key", ["name"], "`key` names `name`, which is no column: the columns are table_name, bytes"),
        ("headline", {"of": "sum", "unit": "bytes", "words": "x"}, "`of: sum` needs a column: name it in `column`"),
        (
            "headline",
            {"of": "count", "unit": "count", "words": "x", "where": {"bucket": "unused"}},
            "`headline.where` names `bucket`, which is no column",
        ),
        (
            "attention",
            [{"column": "bytes", "above": 1, "below": 3, "words": "x"}],
            "attention.0: write exactly one of `above`, `below` and `equals`",
        ),
        ("attention", [{"column": "bytes", "words": "x"}], "attention.0: write exactly one of"),
        (
            "attention",
            [{"column": "bytes", "above": 1, "words": "{owner} owns it"}],
            "`attention.words` names `owner`, which is no column",
        ),
        (
            "attention",
            [{"column": "bytes", "above": 1, "words": "{bytes"}],
            "attention.0: the words cannot be filled in",
        ),
        ("chart", {"kind": "bar", "x": "day", "y": "bytes"}, "`chart` names `day`, which is no column"),
        ("chart", {"kind": "pie", "x": "table_name", "y": "bytes"}, "chart.kind: Input should be 'line', 'bar' or"),
        ("answers", "storage", "a file `<question>.standard.sql`, and no other, has `answers: <question>`"),
    ],
)
def test_a_wrong_value_is_refused_with_what_to_write(tmp_path: Path, key: str, value: Any, words: str) -> None:
    message = refused(tmp_path, {**RIGHT, key: value})
    assert message.startswith(f"{tmp_path}/unused_tables.sql: ")
    assert words in message
    assert message.count("\n") == 0


def test_every_wrong_key_is_named_at_once(tmp_path: Path) -> None:
    header = {**RIGHT, "titel": "x", "rhythm": "hourly"}
    assert len(refused(tmp_path, header).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title: a: b", "the header is no YAML"),
        ("- title", "the header must be a mapping of keys to values"),
        (yaml.safe_dump(RIGHT) + "title: again", "title: the key is written twice: keep one"),
    ],
)
def test_a_header_that_is_no_mapping_is_refused(tmp_path: Path, text: str, words: str) -> None:
    assert words in refused(tmp_path, text)


def test_a_file_without_a_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bare.sql"
    path.write_text("select 1")
    with pytest.raises(QueryError, match="must open with a header"):
        query.read(path)


def test_a_semicolon_at_the_end_is_refused(tmp_path: Path) -> None:
    assert "remove the semicolon" in refused(tmp_path, RIGHT, sql=SQL + ";")


def test_questions_are_in_the_order_of_their_groups_and_then_of_their_names(tmp_path: Path) -> None:
    for name, group in (("b", "use"), ("a", "use"), ("z", "now"), ("c", "spend")):
        write(tmp_path, {**RIGHT, "group": group}, name=name)
    assert list(query.load(tmp_path)) == ["z", "c", "a", "b"]


def test_the_standard_road_stands_after_its_question_and_is_no_question_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {**RIGHT, "edition": "enterprise"})
    write(tmp_path, {**RIGHT, "answers": "unused_tables"}, name="unused_tables.standard")
    write(tmp_path, RIGHT, name="unused_views")
    queries = query.load(tmp_path)
    assert list(queries) == ["unused_tables", "unused_tables.standard", "unused_views"]
    assert [each.name for each in query.questions(queries)] == ["unused_tables", "unused_views"]
    assert query.standard_road(queries, queries["unused_tables"]) is queries["unused_tables.standard"]
    assert query.standard_road(queries, queries["unused_views"]) is None


@pytest.mark.parametrize("key", ["group", "rhythm", "columns", "key", "headline"])
def test_two_roads_to_one_answer_give_the_same_answer(tmp_path: Path, key: str) -> None:
    other = {
        "group": "spend",
        "rhythm": "daily",
        "columns": [*RIGHT["columns"], {"name": "owner", "title": "Owner", "unit": "name"}],
        "key": "bytes",
        "headline": {"of": "count", "unit": "count", "words": "tables"},
    }
    write(tmp_path, RIGHT)
    write(tmp_path, {**RIGHT, "answers": "unused_tables", key: other[key]}, name="unused_tables.standard")
    with pytest.raises(QueryError, match=rf"{key}: it must be the same as in unused_tables\.sql"):
        query.load(tmp_path)


def test_a_road_that_needs_enterprise_edition_is_refused(tmp_path: Path) -> None:
    write(tmp_path, RIGHT)
    write(tmp_path, {**RIGHT, "answers": "unused_tables", "edition": "enterprise"}, name="unused_tables.standard")
    with pytest.raises(QueryError, match="edition: it must be `standard`"):
        query.load(tmp_path)


def test_a_road_to_no_question_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {**RIGHT, "answers": "unused_tables"}, name="unused_tables.standard")
    with pytest.raises(QueryError, match="there is no question `unused_tables`"):
        query.load(tmp_path)


def test_the_questions_of_the_package_can_be_read_and_none_was_lost() -> None:
    queries = query.load()
    assert len(query.questions(queries)) >= 19
    assert all(isinstance(each, Query) for each in queries.values())
