"""Steps run in the order of their needs, side by side, and stop at the first failure."""

from __future__ import annotations

import threading

import pytest

from local.stack.steps import Step, run_all


def nothing(_title: str, _seconds: float) -> None:
    """A report that nobody reads."""


def test_a_step_runs_after_what_it_needs() -> None:
    order: list[str] = []
    steps = {
        "roof": Step("roof", lambda: order.append("roof"), ("walls", "floor")),
        "walls": Step("walls", lambda: order.append("walls"), ("floor",)),
        "floor": Step("floor", lambda: order.append("floor")),
    }
    run_all(steps, nothing)
    assert order == ["floor", "walls", "roof"]


def test_steps_that_need_nothing_of_each_other_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=10)
    steps = {"one": Step("one", meeting.wait), "two": Step("two", meeting.wait)}
    run_all(steps, nothing)


def test_a_failure_is_raised_and_what_needs_the_step_never_starts() -> None:
    started: list[str] = []

    def fail() -> None:
        raise RuntimeError("no ground")

    steps = {"floor": Step("floor", fail), "walls": Step("walls", lambda: started.append("walls"), ("floor",))}
    with pytest.raises(RuntimeError, match="no ground"):
        run_all(steps, nothing)
    assert started == []


def test_every_step_is_reported_with_its_title() -> None:
    reported: list[str] = []
    run_all({"floor": Step("the floor", lambda: None)}, lambda title, _seconds: reported.append(title))
    assert reported == ["the floor"]


def test_a_need_that_nobody_does_is_an_error() -> None:
    with pytest.raises(ValueError, match="cellar"):
        run_all({"floor": Step("floor", lambda: None, ("cellar",))}, nothing)
