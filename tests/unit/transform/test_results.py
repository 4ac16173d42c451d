"""What a build writes is what its readers know, read in whatever pieces."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from include.transform.results import ATTEMPT_KEY, PLAN_KEY, STATE, Build, End, NodeResult, Plan, batch, batch_key

PLAN = Plan(
    attempt=1, nodes={"model.a": ("test.a",), "model.b": ()}, tasks={"a": "model.a", "b": "model.b"}, compiled="/c"
)
A = NodeResult("model.a", "success", name="a", rows=3, seconds=1.5, query_id="q", lines=(("t", "info", "OK"),))
B = NodeResult("model.b", "error", name="b", message="no such column")


def feed(wanted: Generator[str | None, Any, None], written: dict[str | None, Any]) -> list[str | None]:
    """Answer what a reader asks for from what was written; what it asked for."""
    asked: list[str | None] = []
    try:
        key = next(wanted)
        while True:
            asked.append(key)
            key = wanted.send(written.get(key))
    except StopIteration:
        return asked


def written(plan: Plan = PLAN, state: str = "running") -> dict[str | None, Any]:
    return {STATE: state, ATTEMPT_KEY: plan.attempt, PLAN_KEY: plan.to_json()}


def test_nothing_written_is_nothing_known() -> None:
    build = Build()
    feed(build.refresh(), {STATE: "queued"})
    assert build == Build(state="queued")


def test_batches_are_taken_in_as_they_come_and_read_once() -> None:
    build, xcoms = Build(), written()
    feed(build.refresh(), xcoms)
    assert (build.plan, build.results) == (PLAN, {})
    xcoms[batch_key(1)] = batch(1, [A])
    assert feed(build.more(), xcoms) == [batch_key(1), batch_key(2)]
    xcoms[batch_key(2)] = batch(1, [B], End(complete=True, message="done"))
    assert feed(build.more(), xcoms) == [batch_key(2)]
    assert build.results == {"model.a": A, "model.b": B}
    assert build.end == End(complete=True, message="done")
    assert feed(build.more(), xcoms) == []


def test_a_node_that_ends_replaces_its_start() -> None:
    build, xcoms = Build(), written()
    xcoms[batch_key(1)] = batch(1, [NodeResult("model.a", "started")])
    xcoms[batch_key(2)] = batch(1, [A])
    feed(build.refresh(), xcoms)
    assert build.results == {"model.a": A}


def test_a_new_attempt_forgets_the_old_one() -> None:
    build, xcoms = Build(), written()
    xcoms[batch_key(1)] = batch(1, [A, B], End(complete=False))
    feed(build.refresh(), xcoms)
    second = Plan(attempt=2, nodes={"model.b": ()}, tasks={"b": "model.b"})
    feed(build.refresh(), written(second))
    assert (build.plan, build.results, build.end, build.batches) == (second, {}, None, 0)


def test_a_batch_of_another_attempt_is_not_taken_for_news() -> None:
    build, xcoms = Build(), written(Plan(attempt=2, nodes={}, tasks={}))
    xcoms[batch_key(1)] = batch(1, [A])
    feed(build.refresh(), xcoms)
    assert build.results == {}
