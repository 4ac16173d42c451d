"""What the tasks of models become, in real runs of a real Airflow, in each mode where it applies.

BACKBEAT_TRANSFORM_MODE=watcher (or local) runs the same tests against Cosmos's own modes.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest

from tests.integration.stack import wait_for
from tests.integration.transform.lab import MODELS, Lab

pytestmark = pytest.mark.stack
MODE = os.environ.get("BACKBEAT_TRANSFORM_MODE", "build")
only_build = pytest.mark.skipif(
    MODE != "build",
    reason="In Cosmos's own modes a retry or a clear is the stock operator's, and LOCAL knows no selection",
)

GREEN = dict.fromkeys(MODELS, "success")


@pytest.fixture(autouse=True)
def all_good(lab: Lab) -> None:
    lab.switch()
    lab.forget_builds()


def test_a_good_run_is_green_and_builds_each_model_once(lab: Lab) -> None:
    assert lab.finish(lab.begin()) == GREEN
    assert lab.builds() == Counter(MODELS)


def test_each_model_that_passed_its_tests_has_one_asset_event_with_its_figures(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    events = lab.asset_events(run)
    assert Counter(event["name"] for event in events) == Counter(f"staging.{model}" for model in MODELS)
    if lab.mode == "build":
        for event in events:
            assert event["extra"]["seconds"] > 0
            assert event["extra"]["query_id"]
            assert event["extra"]["tests"] == {"staging.a": 2, "staging.d": 1}.get(event["name"], 0)


def test_a_failed_model_blocks_what_stands_on_it_and_nothing_else(lab: Lab) -> None:
    lab.switch(b="no number")
    run = lab.begin()
    states = lab.finish(run)
    blocked = {"b": "failed", "c": "upstream_failed", "e": "upstream_failed"}
    assert states == GREEN | blocked
    assert {event["name"] for event in lab.asset_events(run)} == {
        f"staging.{model}" for model in MODELS if model not in blocked
    }
    assert "no number" in lab.log(run, "b")


def test_a_failed_test_blocks_what_stands_on_its_model_and_nothing_else(lab: Lab) -> None:
    lab.switch(a=None)
    run = lab.begin()
    states = lab.finish(run)
    assert states == dict.fromkeys(MODELS, "upstream_failed") | {"a": "failed", "slow": "success"}
    assert {event["name"] for event in lab.asset_events(run)} == {"staging.slow"}


def test_a_warning_is_green_and_shown(lab: Lab) -> None:
    lab.switch(d=None)
    run = lab.begin()
    assert lab.finish(run) == GREEN
    if lab.mode == "build":
        assert "warning" in lab.log(run, "d")
        (event,) = [event for event in lab.asset_events(run) if event["name"] == "staging.d"]
        assert event["extra"]["warnings"] == 1


@only_build
def test_the_log_of_a_model_tells_all_of_it(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    log = lab.log(run, "a")
    for part in (
        "OK created",
        "a: success",
        "not_null_a_value: pass",
        " s",
        "query ",
        "Compiled SQL: ",
        "tasks/transform.dbt_build",
    ):
        assert part in log


@only_build
def test_what_the_selection_leaves_out_is_skipped_and_what_it_names_is_built(lab: Lab) -> None:
    assert lab.finish(lab.begin(select="d e")) == dict.fromkeys(MODELS, "skipped") | {"d": "success", "e": "success"}
    assert lab.builds() == Counter(["d", "e"])


def test_a_full_refresh_reaches_dbt(lab: Lab) -> None:
    for _ in range(2):
        lab.finish(lab.begin())
    assert lab.query("select max(id) from analytics.staging.steps") > [(1,)]
    lab.finish(lab.begin(full_refresh=True))
    assert lab.query("select max(id) from analytics.staging.steps") == [(2,)]


@only_build
def test_a_retry_builds_that_model_alone_and_then_what_it_had_blocked(lab: Lab) -> None:
    lab.switch(b="no number")
    run = lab.begin()
    wait_for(lambda: lab.states(run)["b"] == "up_for_retry", "b to wait for its retry", seconds=60)
    lab.switch()
    assert lab.finish(run) == GREEN
    assert lab.builds() == Counter(MODELS)
    assert lab.task(run, "b")["try_number"] == 2


@only_build
def test_clearing_one_model_builds_it_and_its_tests_alone(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    lab.forget_builds()
    lab.clear(run, "transform.a")
    assert lab.finish(run) == GREEN
    assert lab.builds() == Counter(["a"])
    assert "not_null_a_value: pass" in lab.log(run, "a", attempt=2)
    assert Counter(event["name"] for event in lab.asset_events(run))["staging.a"] == 2


@only_build
def test_clearing_a_run_builds_everything_again_once(lab: Lab) -> None:
    run = lab.begin()
    lab.finish(run)
    lab.forget_builds()
    lab.clear(run)
    assert lab.finish(run) == GREEN
    assert lab.builds() == Counter(MODELS)


@only_build
def test_clearing_the_build_builds_what_is_not_green(lab: Lab) -> None:
    lab.switch(b="no number")
    run = lab.begin()
    lab.finish(run)
    lab.switch()
    lab.forget_builds()
    lab.clear(run, "transform.dbt_build")
    assert lab.finish(run) == GREEN
    assert lab.builds() == Counter(["b", "c", "e"])


@pytest.mark.slow
def test_two_runs_and_two_dags_do_not_see_each_others_results(lab: Lab) -> None:
    lab.switch(b="no number")
    first, second = lab.begin(), lab.begin("elsewhere")
    assert lab.finish(second, "elsewhere") == {"other": "success"}
    assert lab.finish(first)["b"] == "failed"
    lab.switch()
    assert lab.finish(lab.begin()) == GREEN


def test_a_dag_that_waits_for_the_models_starts_when_they_are_good(lab: Lab) -> None:
    before = lab.api.latest_run("marts")
    lab.finish(lab.begin())
    lab.finish(lab.begin("elsewhere"), "elsewhere")

    def started() -> bool:
        run = lab.api.latest_run("marts")
        return run is not None and run != before and run["state"] == "success"

    wait_for(started, "marts to run", seconds=60)
