"""A build folded from its events: the stage that stands is the last by Buildkite's clock, in any order of arrival."""

from __future__ import annotations

import itertools

import pytest

from include.firehose.build import Stage, fold
from include.firehose.webhooks import buildkite
from tests.unit.firehose.webhooks.payloads import activated, build, finished, running

SCHEDULED, RUNNING = build("build.scheduled", "scheduled"), running()
FAILING = running(failing_at="2026-11-23 06:03:00 UTC") | {"event": "build.failing"}
BLOCKED, UNBLOCKED = finished("passed", "06:04:00", blocked=True), activated("06:20:00")
PASSED, FAILED = finished("passed", "06:26:12"), finished("failed", "06:24:00")


@pytest.mark.parametrize(
    ("payloads", "stage"),
    [
        ([SCHEDULED], Stage.SCHEDULED),
        ([SCHEDULED, RUNNING], Stage.RUNNING),
        ([SCHEDULED, RUNNING, FAILING], Stage.FAILING),
        ([SCHEDULED, RUNNING, BLOCKED], Stage.BLOCKED),
        ([RUNNING, BLOCKED, UNBLOCKED], Stage.UNBLOCKED),
        ([RUNNING, BLOCKED, UNBLOCKED, PASSED], Stage.PASSED),
        ([RUNNING, BLOCKED, PASSED], Stage.PASSED),
        ([RUNNING, FAILING, FAILED], Stage.FAILED),
        # A job of it was retried.
        ([RUNNING, FAILING, FAILED, PASSED], Stage.PASSED),
        ([SCHEDULED, build("build.skipped", "skipped")], Stage.SKIPPED),
    ],
)
def test_the_stage_is_the_same_in_every_order_of_arrival(payloads: list[dict], stage: Stage):
    events = [event for payload in payloads for event in buildkite.events(payload)]
    folded = {fold(order) for order in itertools.permutations(events)}
    assert [known.stage for known in folded] == [stage]


def test_a_late_event_adds_its_facts_and_takes_nothing_back():
    (ended,) = buildkite.events(PASSED)
    (began,) = buildkite.events(build("build.scheduled", "scheduled", creator=None, rebuilt_from={"number": 126}))
    known = fold([ended, began])
    assert (known.stage, known.creator, known.rebuilt_from, known.number) == (Stage.PASSED, "Ada", 126, 128)


def test_a_build_takes_from_its_start_to_its_end():
    (ended,) = buildkite.events(PASSED)
    assert fold([ended]).seconds == 24 * 60 + 12
    (began,) = buildkite.events(RUNNING)
    assert fold([began]).seconds is None


def test_no_event_is_no_build():
    with pytest.raises(ValueError, match="at least one event"):
        fold([])
