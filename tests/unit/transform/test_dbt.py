"""Why dbt ended early is said in one line."""

from __future__ import annotations

from dbt.adapters.exceptions import FailedToConnectError

from include.transform.dbt import broken_off


def test_a_warehouse_that_is_not_reached_says_what_to_correct() -> None:
    said = broken_off(FailedToConnectError("250001: Could not connect to Snowflake backend\nafter 2 attempt(s)."))
    assert said.startswith("dbt does not reach Snowflake: correct SNOWFLAKE_ACCOUNT")
    assert "250001" in said
    assert "\n" not in said


def test_anything_else_is_told_in_its_own_words() -> None:
    assert broken_off(ValueError("No such\n  selector")) == "dbt broke off: No such selector"
