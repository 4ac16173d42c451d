"""What a model's task becomes, case by case."""

from __future__ import annotations

import pytest

from include.transform.results import Build, End, NodeResult, Plan
from include.transform.verdict import Call, judge

MODEL = "model.shop.orders"
TEST = "test.shop.orders_are_unique"
OTHER_TEST = "test.shop.orders_have_buyers"


def build_of(
    *results: tuple[str, str],
    state: str = "running",
    attempt: int = 1,
    complete: bool | None = None,
    planned: bool = True,
) -> Build:
    """A build that has said the given (node, status) so far; `complete` is how it ended, None if it has not."""
    plan = Plan(attempt=attempt, nodes={MODEL: (TEST, OTHER_TEST)}, tasks={"orders": MODEL}) if planned else None
    found = {key: NodeResult(unique_id=key, status=status) for key, status in results}
    return Build(state=state, plan=plan, results=found, end=None if complete is None else End(complete=complete))


GOOD = ((MODEL, "success"), (TEST, "pass"), (OTHER_TEST, "pass"))


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "up_for_retry", "restarting", "deferred"])
def test_it_waits_for_a_build_that_has_not_begun(state: str | None) -> None:
    assert judge(Build(state=state), MODEL, try_number=1, answered=0).call is Call.WAIT


def test_it_waits_until_the_model_and_all_its_tests_are_done() -> None:
    for count in range(3):
        assert judge(build_of(*GOOD[:count]), MODEL, try_number=1, answered=0).call is Call.WAIT
    assert judge(build_of(*GOOD), MODEL, try_number=1, answered=0).call is Call.SUCCESS


def test_it_waits_while_dbt_runs_the_model_and_says_so() -> None:
    verdict = judge(build_of((MODEL, "started")), MODEL, try_number=1, answered=0)
    assert (verdict.call, verdict.node is not None) == (Call.WAIT, True)


def test_a_failed_model_fails_without_waiting_for_its_tests() -> None:
    assert judge(build_of((MODEL, "error")), MODEL, try_number=1, answered=0).call is Call.FAILED


@pytest.mark.parametrize("status", ["fail", "error", "skipped"])
def test_a_test_that_did_not_pass_fails_the_model_and_is_named(status: str) -> None:
    verdict = judge(build_of((MODEL, "success"), (TEST, status), (OTHER_TEST, "pass")), MODEL, try_number=1, answered=0)
    assert verdict.call is Call.FAILED
    assert TEST in verdict.reason
    assert OTHER_TEST not in verdict.reason


def test_a_warning_is_no_failure_and_is_kept() -> None:
    verdict = judge(build_of((MODEL, "success"), (TEST, "warn"), (OTHER_TEST, "pass")), MODEL, try_number=1, answered=0)
    assert verdict.call is Call.SUCCESS
    assert [result.unique_id for result in verdict.warnings] == [TEST]


def test_a_model_that_the_selection_leaves_out_is_skipped_once_the_build_is_complete() -> None:
    assert judge(build_of(), MODEL, try_number=1, answered=0).call is Call.WAIT
    assert judge(build_of(complete=True), MODEL, try_number=1, answered=0).call is Call.SKIPPED


def test_tests_that_the_selection_leaves_out_do_not_hold_up_a_complete_build() -> None:
    assert judge(build_of((MODEL, "success"), complete=True), MODEL, try_number=1, answered=0).call is Call.SUCCESS


@pytest.mark.parametrize("state", ["failed", "upstream_failed", "removed"])
def test_a_model_that_dbt_never_reached_is_not_green(state: str) -> None:
    for build in (Build(state=state), build_of(state=state, complete=False), build_of((MODEL, "started"), state=state)):
        assert judge(build, MODEL, try_number=1, answered=0).call is Call.FAILED


def test_a_model_whose_tests_were_never_run_is_not_green() -> None:
    build = build_of((MODEL, "success"), (TEST, "pass"), state="failed", complete=False)
    assert judge(build, MODEL, try_number=1, answered=0).call is Call.FAILED


@pytest.mark.parametrize("state", ["running", "up_for_retry"])
def test_a_build_that_broke_off_is_waited_for_as_long_as_another_try_may_come(state: str) -> None:
    assert judge(build_of(state=state, complete=False), MODEL, try_number=1, answered=0).call is Call.WAIT


def test_a_skipped_build_skips_its_models() -> None:
    assert judge(Build(state="skipped"), MODEL, try_number=1, answered=0).call is Call.SKIPPED


def test_what_dbt_passed_by_is_built_alone_once_airflow_lets_it_start() -> None:
    assert judge(build_of((MODEL, "skipped")), MODEL, try_number=1, answered=0).call is Call.ALONE


@pytest.mark.parametrize("state", ["running", "success", "failed"])
def test_a_second_try_does_not_take_the_word_that_failed_the_first(state: str) -> None:
    build = build_of((MODEL, "error"), state=state, complete=None if state == "running" else True)
    assert judge(build, MODEL, try_number=2, answered=1).call is Call.ALONE


@pytest.mark.parametrize("state", [None, "queued", "scheduled"])
def test_a_second_try_waits_for_a_build_that_was_cleared_too(state: str | None) -> None:
    build = build_of(*GOOD, complete=True)
    build.state = state
    assert judge(build, MODEL, try_number=2, answered=1).call is Call.WAIT


def test_a_second_try_takes_the_word_of_the_second_attempt() -> None:
    assert judge(build_of(*GOOD, attempt=2), MODEL, try_number=2, answered=1).call is Call.SUCCESS


def test_a_try_that_no_word_was_taken_for_may_still_take_it() -> None:
    assert judge(build_of(*GOOD), MODEL, try_number=2, answered=0).call is Call.SUCCESS


def test_a_model_that_the_attempt_was_not_asked_for_is_built_alone() -> None:
    assert judge(build_of(attempt=2), "model.shop.buyers", try_number=2, answered=1).call is Call.ALONE


def test_a_cleared_model_of_a_run_whose_build_left_nothing_is_built_alone() -> None:
    assert judge(Build(state="failed"), MODEL, try_number=2, answered=0).call is Call.ALONE
