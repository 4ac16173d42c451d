"""When the parsed manifest may be taken as it is."""

from __future__ import annotations

import pytest

from include.transform import manifest


def test_a_variable_that_is_at_its_default_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SNOWFLAKE_DATABASE", raising=False)
    bare = manifest.fingerprint()
    monkeypatch.setenv("SNOWFLAKE_DATABASE", "ANALYTICS")
    assert manifest.fingerprint() == bare


def test_another_database_is_another_manifest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SNOWFLAKE_DATABASE", "ANALYTICS")
    usual = manifest.fingerprint()
    monkeypatch.setenv("SNOWFLAKE_DATABASE", "BRANCH")
    assert manifest.fingerprint() != usual


def test_where_to_connect_is_no_part_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = manifest.fingerprint()
    monkeypatch.setenv("SNOWFLAKE_HOST", "elsewhere")
    monkeypatch.setenv("DBT_QUERY_TAG", "a run")
    assert manifest.fingerprint() == usual
