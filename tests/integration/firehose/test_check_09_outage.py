"""Check 9: after an hour without Slack everything is told, at its pace, in order, once, and said to be late."""

from __future__ import annotations

import json
from itertools import pairwise

from include.firehose.event import RunState, TaskState
from tests.integration.firehose.road import CHANNEL, Road, run_event, task_event

RUNS, TASKS, FAILED = 150, 19, 4
PACE_SECONDS = 1.0


def test_check_09_after_an_hour_without_slack_all_is_told_in_order_and_once(road: Road):
    road.report(task_event("going", "first", TaskState.SUCCESS))
    road.dispatcher()
    road.wait(road.texts, "the run under way was posted")
    road.slack.stop()
    try:
        for number in range(RUNS):
            run_id = f"r{number:03d}"
            ends = [task_event(run_id, f"t{place:02d}", TaskState.SUCCESS, second=place) for place in range(TASKS)]
            end = RunState.SUCCESS
            if number < FAILED:
                ends[-1] = task_event(run_id, f"t{TASKS - 1:02d}", TaskState.FAILED, second=TASKS)
                end = RunState.FAILED
            road.spooled(*ends, run_event(run_id, end))
        road.spooled(
            *[task_event("going", f"t{place:02d}", TaskState.SUCCESS, second=20 + place) for place in range(9)]
        )
        composed = "select event_id from event where composed_at is not null"
        road.wait(lambda: len(road.rows(composed)) == RUNS * (TASKS + 1) + 10, "everything was composed")
        # An hour passes.
        road.rows("update delivery set created_at = created_at - interval '1 hour' where state <> 'sent'")
        road.wait(lambda: road.rows("select * from delivery where state = 'folded'"), "the good news was folded")
    finally:
        road.slack.start()
    road.rows("update rate_limit set blocked_until = now(), next_at = now()")
    road.wait_until_told([f"r{number:03d}" for number in range(RUNS)])
    subjects = road.rows("select subject_key from delivery where op = 'post' and state = 'sent'")
    assert len(subjects) == len({row["subject_key"] for row in subjects}) == 1 + FAILED + 1
    digest = next(message for message in road.messages() if "ended well" in message["text"])
    assert f"{RUNS - FAILED} runs ended well" in digest["text"]
    going = next(message for message in road.messages() if message["text"].startswith("◌"))
    assert road.thread(going) == ["● first", *[f"● t{place:02d}" for place in range(9)]]
    for message in road.messages():
        if message["text"].startswith("✕"):
            assert "told 1h" in json.dumps(message["blocks"])
            assert [line[2:5] for line in road.thread(message)] == [f"t{place:02d}" for place in range(TASKS)]
    posts = sorted(entry["at"] for entry in road.calls("chat.postMessage"))
    assert all(later - earlier > PACE_SECONDS for earlier, later in pairwise(posts))
    everything = road.api("conversations.history", channel=CHANNEL, limit=200)["messages"]
    assert len(everything) == len(subjects)


def test_what_comes_after_a_run_was_told_in_a_digest_leaves_nothing_waiting(road: Road):
    road.slack.stop()
    try:
        for number in range(60):
            run_id = f"r{number:02d}"
            road.spooled(task_event(run_id, "a", TaskState.SUCCESS), run_event(run_id, RunState.SUCCESS))
        road.dispatcher()
        road.wait(lambda: len(road.rows("select * from delivery where op = 'post'")) == 60, "all were composed")
        road.rows("update delivery set created_at = created_at - interval '1 hour'")
        road.wait(lambda: road.rows("select * from delivery where state = 'folded'"), "the good news was folded")
    finally:
        road.slack.start()
    retried = task_event("r59", "a", TaskState.UP_FOR_RETRY, second=5)
    road.report(retried)
    road.wait_until_told(["r59"])
    (carried,) = road.rows("select count(*) as n from delivery_event where event_id = %s", retried.event_id)
    assert carried["n"] == 1
