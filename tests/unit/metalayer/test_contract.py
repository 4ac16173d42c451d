"""The contract files: each can be read, agrees with itself, and a wrong one says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.metalayer import contract
from include.metalayer.contract import ContractError

VIEWS = contract.load()
WRITTEN = """
view: ACCOUNT_USAGE.PETS
source: https://docs.snowflake.com/en/sql-reference/account-usage/pets
latency_minutes: 90
edition: standard
database_roles: [OBJECT_VIEWER]
retention_days: 365
columns:
  NAME: VARCHAR
  KIND: VARCHAR
words:
  KIND: [CAT, DOG]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "account_usage" / "pets.yml"
    path.parent.mkdir()
    path.write_text(text)
    return path


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_every_view_names_the_page_it_was_written_from(view: contract.View) -> None:
    assert view.source.startswith("https://docs.snowflake.com/en/sql-reference/")


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_needs_a_database_role_and_a_table_function_is_in_real_time(view: contract.View) -> None:
    if view.schema == "ACCOUNT_USAGE":
        assert view.database_roles
        assert view.latency_minutes > 0
    else:
        assert view.arguments
        assert view.latency_minutes == 0


def test_the_two_vocabularies_of_a_statements_outcome_are_kept_apart() -> None:
    view, function = VIEWS["ACCOUNT_USAGE.QUERY_HISTORY"], VIEWS["INFORMATION_SCHEMA.QUERY_HISTORY"]
    assert view.words["EXECUTION_STATUS"] == ("SUCCESS", "FAIL", "INCIDENT")
    assert "FAILED_WITH_ERROR" in function.words["EXECUTION_STATUS"]
    assert "FAIL" not in function.words["EXECUTION_STATUS"]


def test_only_these_views_need_enterprise_edition() -> None:
    enterprise = {name for name, view in VIEWS.items() if view.edition == "enterprise"}
    assert enterprise == {"ACCOUNT_USAGE.ACCESS_HISTORY", "ACCOUNT_USAGE.QUERY_METERING_HISTORY"}


def test_a_good_file_is_read_whole(tmp_path: Path) -> None:
    view = contract.read(written(tmp_path, WRITTEN))
    assert (view.schema, view.name) == ("ACCOUNT_USAGE", "PETS")
    assert list(view.columns) == ["NAME", "KIND"]
    assert view.words["KIND"] == ("CAT", "DOG")


@pytest.mark.parametrize(
    ("wrong", "instead", "said"),
    [
        ("edition: standard", "edition: gold", "edition: gold"),
        ("NAME: VARCHAR", "NAME: TEXT", "columns.NAME: TEXT"),
        ("  KIND: [CAT, DOG]", "  COLOUR: [RED]", "words.COLOUR"),
        ("ACCOUNT_USAGE.PETS", "ACCOUNT_USAGE.CATS", "view: ACCOUNT_USAGE.CATS"),
        ("retention_days: 365", "retention: 365", "retention"),
        ("latency_minutes: 90\n", "", "latency_minutes"),
    ],
)
def test_a_wrong_file_is_refused_with_its_name_and_key(tmp_path: Path, wrong: str, instead: str, said: str) -> None:
    path = written(tmp_path, WRITTEN.replace(wrong, instead))
    with pytest.raises(ContractError, match=said) as refusal:
        contract.read(path)
    assert str(refusal.value).startswith("pets.yml: ")
