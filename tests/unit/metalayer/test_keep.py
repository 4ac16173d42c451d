"""The keep-list: what it covers leaves the proposals with its reason, until its last day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.metalayer.history import TABLE
from include.metalayer.keep import FILE, Keep, Keeps, applied, is_honoured_by, read
from include.metalayer.query import load, questions
from include.settings.waivers import InvalidWaiver
from tests.unit.metalayer.questions import answer, question, row

TODAY = date(2026, 12, 24)
LEGACY = Keeps((Keep("raw.storefront.legacy_*", "the auditors read it", "data", until=date(2027, 4, 30)),))
FOUND = answer(row("RAW.STOREFRONT.LEGACY_CARTS"), row("RAW.STOREFRONT.ORDERS"))


def test_the_file_of_the_repository_keeps_the_table_that_only_the_meta_layer_reads():
    assert TABLE in {entry.names for entry in read().declared}


def test_the_example_in_the_files_comment_is_an_entry(tmp_path: Path):
    lines = FILE.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("# - name"))
    path = tmp_path / "keep.yml"
    path.write_text("\n".join(line.removeprefix("# ") for line in lines[first:] if line.startswith("#")))
    (entry,) = read(path).declared
    assert str(entry) == "Kept until 2027-04-30 by data: The auditors read it each March."


def test_a_kept_row_is_set_apart_with_the_reason_whatever_the_case_of_its_name():
    kept = applied(question(), FOUND, LEGACY, TODAY)
    assert [found["table_name"] for found in kept.rows] == ["RAW.STOREFRONT.ORDERS"]
    (entry,) = kept.kept
    assert entry.row["table_name"] == "RAW.STOREFRONT.LEGACY_CARTS"
    assert (entry.reason, entry.owner, entry.until) == ("the auditors read it", "data", date(2027, 4, 30))


@pytest.mark.parametrize("day", [date(2027, 5, 1), date(2030, 1, 1)])
def test_an_entry_that_has_run_out_keeps_nothing_and_is_named(day: date):
    assert applied(question(), FOUND, LEGACY, day) == FOUND
    assert LEGACY.expired_lines(day) == ["raw.storefront.legacy_* (data, until 2027-04-30)"]


def test_a_name_keeps_all_that_is_in_it():
    whole = Keeps((Keep("RAW.STOREFRONT", "moving out", "data", until=TODAY),))
    columns = (
        *({"name": name, "title": name, "unit": "name"} for name in ("database_name", "schema_name", "table_name")),
        {"name": "bucket", "title": "Verdict", "unit": "text"},
    )
    query = question(
        columns=columns,
        key=("database_name", "schema_name", "table_name", "bucket"),
        headline={"of": "count", "unit": "count", "words": "w"},
        attention=(),
    )
    rows = [
        {"database_name": "RAW", "schema_name": schema, "table_name": "T", "bucket": "unused"}
        for schema in ("STOREFRONT", "STOREFRONT_OLD")
    ]
    kept = applied(query, answer(*rows), whole, TODAY)
    assert [found["schema_name"] for found in kept.rows] == ["STOREFRONT_OLD"]


def test_a_question_that_proposes_nothing_keeps_all_its_rows():
    assert applied(question(name="storage"), FOUND, LEGACY, TODAY) == FOUND


def test_the_questions_about_unused_things_honour_the_list():
    honouring = [query.name for query in questions(load()) if is_honoured_by(query)]
    assert sorted(honouring) == ["unused_tables", "unused_views_columns", "written_never_read"]


def test_an_entry_without_a_reason_is_refused(tmp_path: Path):
    path = tmp_path / "keep.yml"
    path.write_text("- {name: RAW.*, owner: data, until: 2026-12-26}\n")
    with pytest.raises(InvalidWaiver, match=r"keep.yml: entry 1: `reason` is missing: add it"):
        read(path)
