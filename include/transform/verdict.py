"""What a model's task becomes, given what its build has said so far. Pure: the rules, in one place, without a clock.

A task of a model does no work of its own as long as the build of its run answers for it. It takes over (ALONE: `dbt
build` of this one model) when a person or `retries` asks for this model again, and when the build passed it by because
of an upstream model that has been mended since.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from include.transform.results import BUILT, SKIPPED, WARN, Build, NodeResult, Plan

# States of the build's task in which no attempt of it is under way or to come.
_OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


class Call(StrEnum):
    """What to do with the task now."""

    WAIT = "wait"
    SUCCESS = "success"
    FAILED = "failed"
    SKIPPED = "skipped"
    ALONE = "alone"


@dataclass(frozen=True)
class Verdict:
    """A call and its reason, for the task's log; `node` and `tests` are what it rests on."""

    call: Call
    reason: str
    node: NodeResult | None = None
    tests: tuple[NodeResult, ...] = field(default=())

    @property
    def warnings(self) -> tuple[NodeResult, ...]:
        return tuple(result for result in (self.node, *self.tests) if result is not None and result.status == WARN)

    @property
    def started_at(self) -> str:
        return self.node.started_at if self.node else ""

    @property
    def finished_at(self) -> str:
        return max((result.finished_at for result in (self.node, *self.tests) if result), default="")


def judge(build: Build, node_id: str, *, try_number: int, answered: int) -> Verdict:
    """The verdict on one node.

    `answered` is the build's attempt that an earlier try of this task has already taken its state from, 0 when there
    is none: what that attempt says is old news, and only a later attempt or a run of its own can answer this try.
    """
    plan = build.plan
    if plan is None or plan.attempt <= answered:
        return _without_news(build, try_number=try_number)
    if node_id not in plan.nodes:
        return Verdict(Call.ALONE, "The build of this run was not asked for this model.")
    node = build.results.get(node_id)
    if node is None or not node.over:
        return _unreported(build, node)
    if node.status == SKIPPED:
        return Verdict(Call.ALONE, "The build passed this model by; what stood in its way has been mended.", node)
    if node.status not in BUILT:
        return Verdict(Call.FAILED, node.message or f"dbt says {node.status}.", node)
    return _tested(build, plan, node)


def _without_news(build: Build, *, try_number: int) -> Verdict:
    """There is no attempt of the build that could answer this try, yet."""
    if build.plan is not None and build.state == "running":
        return Verdict(Call.ALONE, "The build has answered for an earlier try; this one is for this model alone.")
    if build.state not in _OVER:
        return Verdict(Call.WAIT, "The build has not begun.")
    if build.plan is not None or try_number > 1:
        return Verdict(Call.ALONE, "The build is over; this try is for this model alone.")
    if build.state == "skipped":
        return Verdict(Call.SKIPPED, "The build was skipped.")
    return Verdict(Call.FAILED, f"dbt never reached this model: the build is {build.state}; its log says why.")


def _unreported(build: Build, node: NodeResult | None) -> Verdict:
    complete = build.end is not None and build.end.complete
    if complete and node is None:
        return Verdict(Call.SKIPPED, "This run's selection leaves this model out.")
    # A build that broke off may be tried again: only its task's state says that no attempt is to come.
    if complete or build.state in _OVER:
        return Verdict(Call.FAILED, "dbt never finished this model: the build ended before it; its log says why.", node)
    return Verdict(Call.WAIT, "dbt is building this model." if node else "dbt has not come to this model.", node)


def _tested(build: Build, plan: Plan, node: NodeResult) -> Verdict:
    """The model is built: its tests decide."""
    found = {test: build.results.get(test) for test in plan.nodes[node.unique_id]}
    tests = tuple(result for result in found.values() if result is not None and result.over)
    bad = [result for result in tests if result.status not in BUILT]
    missing = len(found) - len(tests)
    complete = build.end is not None and build.end.complete
    if missing and not complete and build.state not in _OVER:
        return Verdict(Call.WAIT, f"dbt has yet to run {missing} of {len(found)} tests.", node, tests)
    if bad:
        names = ", ".join(f"{result.name or result.unique_id} ({result.status})" for result in bad)
        return Verdict(Call.FAILED, f"{len(bad)} of {len(found)} tests failed: {names}", node, tests)
    if missing and not complete:
        return Verdict(Call.FAILED, f"The build ended before {missing} of {len(found)} tests ran.", node, tests)
    return Verdict(Call.SUCCESS, "dbt built this model, and its tests passed.", node, tests)
