"""The message of a pull request: opened, checked, reviewed, merged, deployed, whatever the order of arrival."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from include.firehose.designs import pull_request as design
from include.firehose.designs.style import RED
from include.firehose.designs.telling import Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.webhooks import buildkite, github
from tests.unit.firehose.webhooks.payloads import (
    BUILD,
    build,
    finished,
    merged,
    pull_request,
    review,
    running,
    workflow_run,
)

SETTING = Setting(airflow_url="")
SUBJECT = "gh:pr:acme/backbeat:7"
CHECKS = {"name": "backbeat", "slug": "backbeat"}
ON_HEAD = {"branch": "clock", "commit": "a" * 40, "pull_request": {"id": "7"}}
MERGE = "a1b2c3d" + "0" * 33


def at(minute: int) -> str:
    return f"2026-11-23T06:{minute:02d}:00Z"


OPENED = github.events("pull_request", pull_request("opened", at(0)))
RUNNING = buildkite.events(running(pipeline=CHECKS, **ON_HEAD))
PASSED = buildkite.events(finished("passed", "06:06:12", pipeline=CHECKS, **ON_HEAD))
FAILED = buildkite.events(finished("failed", "06:05:00", pipeline=CHECKS, **ON_HEAD))
LINTED = github.events("workflow_run", workflow_run("completed", "success", at(3)))
APPROVED = github.events("pull_request_review", review("approved", at(8)))
OBJECTED = github.events("pull_request_review", review("changes_requested", at(7), number=10))
MERGED = github.events("pull_request", merged(at(10), MERGE))
DEPLOYED = [
    event
    for event in buildkite.events(finished("passed", "06:15:00", message="Mend the clock (#7)"))
    if event.subject_key == SUBJECT
]
WHOLE = [*OPENED, *RUNNING, *PASSED, *LINTED, *OBJECTED, *APPROVED, *MERGED, *DEPLOYED]


def told(*events: Event, setting: Setting = SETTING) -> Telling:
    return design.tell(events, setting)


@pytest.mark.parametrize(
    ("events", "text"),
    [
        (OPENED, "✦ backbeat #7 Mend the clock · opened 2026-11-23 06:00"),
        ([*OPENED, *RUNNING], "◌ backbeat #7 Mend the clock · opened 2026-11-23 06:00 · checks 1 ◌"),
        ([*OPENED, *RUNNING, *FAILED], "✕ backbeat #7 Mend the clock · opened 2026-11-23 06:00 · checks 1 ✕"),
        ([*OPENED, *FAILED, *PASSED, *LINTED], "✦ backbeat #7 Mend the clock · opened 2026-11-23 06:00 · checks 2 ●"),
        (
            [*OPENED, *OBJECTED],
            "▲ backbeat #7 Mend the clock · opened 2026-11-23 06:00 · changes asked for by bob",
        ),
        (
            [*OPENED, *PASSED, *OBJECTED, *APPROVED],
            "● backbeat #7 Mend the clock · opened 2026-11-23 06:00 · checks 1 ● · approved by bob",
        ),
        (
            [*OPENED, *PASSED, *APPROVED, *MERGED],
            "● backbeat #7 Mend the clock · merged 06:10 by bob · approved by bob",
        ),
        (
            WHOLE,
            "● backbeat #7 Mend the clock · merged 06:10 by bob · deployed 06:15 with backbeat deploy #128"
            " · approved by bob",
        ),
        (
            github.events("pull_request", pull_request("closed", at(9), by="eve")),
            "○ backbeat #7 Mend the clock · closed without a merge 06:09 by eve",
        ),
    ],
)
def test_each_station_in_one_line(events: list[Event], text: str):
    assert told(*events).message.text == text


def test_every_order_of_arrival_gives_the_same_telling():
    expected, dice, known = told(*WHOLE), random.Random(7), list(WHOLE)
    for _ in range(200):
        dice.shuffle(known)
        assert told(*known) == expected


def test_no_part_of_the_story_told_after_the_merge_takes_it_back():
    for event in WHOLE:
        assert told(*MERGED, event).state == "merged"
        assert told(*MERGED, event).over


def test_what_is_reopened_is_open_and_what_is_closed_again_is_closed():
    closed = github.events("pull_request", pull_request("closed", at(5)))
    reopened = github.events("pull_request", pull_request("reopened", at(6)))
    again = github.events("pull_request", pull_request("closed", at(7)))
    assert told(*closed, *reopened).state == "open"
    assert told(*reopened, *again, *closed).state == "closed"


def test_a_merge_whose_webhook_was_lost_is_learned_from_the_next_one():
    late = review("commented", at(12))
    late["pull_request"] |= {"state": "closed", "merged_at": at(10), "merge_commit_sha": MERGE}
    telling = told(*OPENED, *github.events("pull_request_review", late))
    assert telling.state == "merged"
    assert "merged 06:10" in telling.message.text


def test_a_draft_waits_until_it_is_ready():
    draft = github.events("pull_request", pull_request("opened", at(0), draft=True))
    ready = github.events("pull_request", pull_request("ready_for_review", at(1)))
    back = github.events("pull_request", pull_request("converted_to_draft", at(2), draft=True))
    assert told(*draft).message.text == "◌ backbeat #7 Mend the clock · draft"
    assert told(*ready, *draft).message.text.startswith("✦")
    assert told(*back, *draft, *ready).message.text.startswith("◌")


def test_a_check_of_an_earlier_commit_says_nothing_about_the_last_one():
    pushed = github.events("pull_request", pull_request("synchronize", at(7), head={"ref": "clock", "sha": "c" * 40}))
    assert "checks" not in told(*OPENED, *FAILED, *LINTED, *pushed).message.text
    fresh = ON_HEAD | {"id": "b-2", "number": 129, "commit": "c" * 40, "created_at": at(8), "started_at": at(8)}
    again = buildkite.events(build("build.running", "running", pipeline=CHECKS, **fresh))
    assert "checks 1 ◌" in told(*OPENED, *FAILED, *pushed, *again).message.text


def test_of_a_pipeline_the_last_build_counts():
    again = ON_HEAD | {"id": "b-2", "number": 129, "rebuilt_from": {"id": BUILD, "number": 128}}
    passed = buildkite.events(finished("passed", "06:20:00", pipeline=CHECKS, **again))
    assert "checks 1 ●" in told(*OPENED, *passed, *FAILED).message.text


def test_of_a_workflow_the_last_attempt_counts():
    failed = github.events("workflow_run", workflow_run("completed", "failure", at(3)))
    again = github.events("workflow_run", workflow_run("in_progress", None, at(4), run_attempt=2))
    assert told(*OPENED, *failed).message.text.startswith("✕")
    assert "checks 1 ◌" in told(*OPENED, *again, *failed).message.text


def test_a_blocked_check_waits_for_somebody():
    blocked = buildkite.events(finished("passed", "06:06:12", blocked=True, pipeline=CHECKS, **ON_HEAD))
    text = told(*OPENED, *RUNNING, *blocked).message.text
    assert "checks 1 ◌ · a check waits for somebody to unblock" in text


def test_a_review_that_was_dismissed_counts_no_more():
    dismissed = review("dismissed", at(9), by="ada", action="dismissed", number=10)
    assert "changes" not in told(*OPENED, *OBJECTED, *github.events("pull_request_review", dismissed)).message.text


def test_a_comment_is_no_verdict():
    commented = github.events("pull_request_review", review("commented", at(9), number=12))
    assert "approved by bob" in told(*OPENED, *APPROVED, *commented).message.text


def test_only_a_failed_check_of_an_open_one_is_red_and_leads_to_it():
    (attachment,) = told(*OPENED, *FAILED).message.attachments
    assert attachment["color"] == RED
    assert attachment["blocks"][0]["accessory"]["url"] == "https://buildkite.com/acme/backbeat-deploy/builds/128"
    assert told(*OPENED, *FAILED).priority is Priority.FAILURE
    for events in (OPENED, [*OPENED, *PASSED], [*OPENED, *OBJECTED], [*OPENED, *FAILED, *MERGED]):
        assert told(*events).message.attachments == []
    silenced = told(*OPENED, *FAILED, setting=Setting(airflow_url="", silenced="known"))
    assert (silenced.message.attachments, silenced.priority) == ([], Priority.MILESTONE)


def test_many_failed_checks_are_counted():
    failed = [
        event
        for number in range(6)
        for event in github.events(
            "workflow_run", workflow_run("completed", "failure", at(3), id=number + 1, name=f"w{number}")
        )
    ]
    (attachment,) = told(*OPENED, *failed).message.attachments
    assert len(attachment["blocks"]) == 4
    assert "and 3 more checks" in json.dumps(attachment)


def test_a_failed_deployment_shows_in_the_pull_request_it_brought():
    failed = buildkite.events(finished("failed", "06:15:00", message="Mend the clock (#7)"))[1]
    text = told(*OPENED, *MERGED, failed).message.text
    assert text == "✕ backbeat #7 Mend the clock · merged 06:10 by bob · backbeat deploy #128 failed 06:15"


def test_a_commit_that_only_claims_to_be_the_merge_deploys_nothing():
    other = buildkite.events(finished("passed", "06:15:00", message="Other (#7)", commit="d" * 40))[1]
    assert "deployed" not in told(*OPENED, *MERGED, other).message.text


def test_who_did_what_and_when_stands_in_the_thread_once():
    pushed = github.events("pull_request", pull_request("synchronize", at(2)))
    lines = told(*WHOLE, *pushed).lines
    assert [line.text for line in lines] == [
        "✦ 06:02 ada pushed aaaaaaa",
        "● 06:03 lint success",
        "● 06:06 backbeat #128 passed",
        "▲ 06:07 bob asked for changes",
        "● 06:08 bob approved",
        "● 06:10 bob merged",
        "● 06:15 backbeat deploy #128 deployed",
    ]
    assert len({line.event_id for line in lines}) == len(lines)


@pytest.mark.parametrize("event", WHOLE, ids=lambda event: event.event_id)
def test_any_one_event_alone_can_be_told(event: Event):
    telling = told(event)
    assert "#7" in telling.message.text
    assert telling.series == "gh:pull_requests:acme/backbeat"


def test_foreign_text_is_text_and_secrets_are_masked():
    hostile = "<!channel> <@U1> <https://evil|ok> ghp_0123456789abcdefghij hunter2hunter2 \u202e"
    named: dict[str, Any] = {"title": hostile, "user": {"login": hostile}, "head": {"ref": hostile, "sha": hostile}}
    said = review("approved", at(8), by=hostile)
    checked = workflow_run("completed", "failure", at(3), name=hostile, html_url="javascript:alert(1)")
    events = [
        *github.events("pull_request", pull_request("opened", at(0), **named, html_url="javascript:alert(1)")),
        *github.events("pull_request", pull_request("synchronize", at(1), by=hostile, **named)),
        *github.events("pull_request_review", said),
        *github.events("workflow_run", checked),
    ]
    telling = told(*events, setting=Setting(airflow_url="", secrets=["hunter2hunter2"]))
    whole = json.dumps(telling.message.body()) + "".join(line.text for line in telling.lines)
    assert "<!channel>" not in telling.message.text
    for forbidden in ("ghp_", "hunter2", "javascript:", "\u202e", '"mrkdwn"', '"user"'):
        assert forbidden not in whole


def test_no_event_is_no_pull_request():
    with pytest.raises(ValueError, match="at least one event"):
        told()
