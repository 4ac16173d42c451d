"""What `make new-query` writes is a question already: it can be read, and asks only for what Snowflake has."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.metalayer import new_query, query
from tests.unit.metalayer.test_queries import qualified, unbounded


def test_what_it_writes_is_valid_and_bounded_in_time(tmp_path: Path) -> None:
    path = new_query.begin("sleeping_warehouses", tmp_path)
    (found,) = query.load(tmp_path).values()
    assert (found.path, found.name, found.title) == (path, "sleeping_warehouses", "Sleeping warehouses")
    assert [name.lower() for name in qualified(found.sql).named_selects] == [column.name for column in found.columns]
    assert unbounded(found.sql) == []


def test_a_long_name_still_has_a_title_that_fits(tmp_path: Path) -> None:
    new_query.begin("everything_that_anybody_ever_wanted_to_know", tmp_path)
    assert len(query.load(tmp_path)["everything_that_anybody_ever_wanted_to_know"].title) <= 34


@pytest.mark.parametrize("name", ["", "Failures", "9_lives", "two words", "../elsewhere", "failures.standard"])
def test_a_name_that_no_question_can_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name for a question"):
        new_query.begin(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_is_there_is_not_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    before = (query.QUERIES / "failures.sql").read_text()
    assert new_query.main(["failures"]) == 1
    assert "is there already" in capsys.readouterr().err
    assert (query.QUERIES / "failures.sql").read_text() == before


def test_without_a_name_it_says_how_to_give_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert new_query.main([]) == 2
    assert "make new-query NAME=" in capsys.readouterr().err
