"""Check 4: a burst keeps Slack's pace and its Retry-After, carries every event, and lets failures through first."""

from __future__ import annotations

from itertools import pairwise

import pytest

from include.firehose.event import RunState, TaskState
from tests.integration.firehose.road import Road, run_event, task_event

RUNS, TASKS = 25, 19
PACE_SECONDS = 1.0


@pytest.mark.slow
def test_check_04_five_hundred_events_at_once_are_all_carried_and_failures_come_first(road: Road):
    runs = [f"r{number:02d}" for number in range(RUNS)]
    for run_id in runs:
        ends = [task_event(run_id, f"t{number}", TaskState.SUCCESS, second=number) for number in range(TASKS)]
        road.spooled(*ends, run_event(run_id, RunState.SUCCESS))
    road.spooled(task_event("bad", "a", TaskState.FAILED), run_event("bad", RunState.FAILED))
    road.fault("429", times=2, retry_after="3")
    road.dispatcher()
    road.wait(lambda: any("bad" in key for key in told(road)), "the failure was told")
    before = [key for key in told(road) if "bad" not in key]
    assert len(before) <= 3, "The failure waited behind successes."
    road.wait_until_told([*runs, "bad"])
    assert len(road.rows("select * from event")) == RUNS * (TASKS + 1) + 2
    posts = sorted(entry["at"] for entry in road.calls("chat.postMessage"))
    assert all(later - earlier > PACE_SECONDS for earlier, later in pairwise(posts))


def told(road: Road) -> list[str]:
    sent = "select subject_key from delivery where op = 'post' and state = 'sent' order by updated_at"
    return [row["subject_key"] for row in road.rows(sent)]
