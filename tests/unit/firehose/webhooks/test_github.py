"""GitHub's webhooks as events: one fact one id, every fact with its own time, the rest untold."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.firehose.event import Event, Kind
from include.firehose.webhooks import github
from include.firehose.webhooks.payload import Malformed
from include.settings.vocabulary import Severity
from tests.unit.firehose.webhooks.payloads import merged, pull_request, push, review, workflow_run

SUBJECT = "gh:pr:acme/backbeat:7"
AT = "2026-11-23T06:05:00Z"


def only(name: str, payload: dict[str, Any]) -> Event:
    (event,) = github.events(name, payload)
    return event


@pytest.mark.parametrize(
    ("payload", "fact", "at"),
    [
        (pull_request("opened", AT), "opened:2026-11-23T06:00:00Z", "06:00"),
        (pull_request("reopened", AT), "reopened:2026-11-23T06:05:00Z", "06:05"),
        (pull_request("ready_for_review", AT), "ready_for_review:2026-11-23T06:05:00Z", "06:05"),
        (pull_request("converted_to_draft", AT), "converted_to_draft:2026-11-23T06:05:00Z", "06:05"),
        (pull_request("synchronize", AT), "synchronize:2026-11-23T06:05:00Z:aaaaaaaaaaaa", "06:05"),
        (pull_request("closed", "2026-11-23T06:09:00Z"), "closed:2026-11-23T06:09:00Z", "06:09"),
    ],
)
def test_each_action_is_one_event_at_its_own_time(payload: dict[str, Any], fact: str, at: str):
    event = only("pull_request", payload)
    assert event.event_id == f"{SUBJECT}:{fact}"
    assert (event.kind, event.subject_key) == (Kind.PULL_REQUEST, SUBJECT)
    assert event.occurred_at.strftime("%H:%M") == at
    assert event.series == "gh:pull_requests:acme/backbeat"


def test_the_same_opening_told_later_is_the_same_event():
    first = only("pull_request", pull_request("opened", "2026-11-23T06:00:00Z"))
    assert only("pull_request", pull_request("opened", AT)).event_id == first.event_id


def test_two_pushes_within_a_second_are_two_events():
    other = pull_request("synchronize", AT, head={"ref": "clock", "sha": "c" * 40})
    ids = {only("pull_request", payload).event_id for payload in (pull_request("synchronize", AT), other)}
    assert len(ids) == 2


def test_a_merge_says_who_merged_it_and_as_which_commit():
    facts = only("pull_request", merged(AT, "e" * 40)).payload
    assert (facts["state"], facts["merged_by"], facts["merge_commit"]) == ("merged", "bob", "e" * 40)
    closed = only("pull_request", pull_request("closed", AT, merge_commit_sha="e" * 40)).payload
    assert (closed["state"], closed["merge_commit"]) == ("closed", "")


@pytest.mark.parametrize("action", ["labeled", "assigned", "locked", "review_requested", "edited", "", "enqueued"])
def test_what_changes_nothing_worth_telling_is_untold(action: str):
    assert github.events("pull_request", pull_request(action, AT)) == []


def test_a_new_title_is_told():
    payload = pull_request("edited", AT, title="Mend both clocks") | {"changes": {"title": {"from": "Mend the clock"}}}
    assert only("pull_request", payload).payload["title"] == "Mend both clocks"


@pytest.mark.parametrize("verdict", ["approved", "changes_requested", "commented"])
def test_a_review_is_told_once_with_its_verdict(verdict: str):
    event = only("pull_request_review", review(verdict, AT))
    assert event.event_id == f"{SUBJECT}:review:11:{verdict}"
    assert (event.payload["reviewer"], event.payload["verdict"]) == ("bob", verdict)
    # A review's pull request does not say whether it is a draft.
    assert "draft" not in event.payload


def test_a_dismissal_is_told_at_the_time_it_happened():
    payload = review("dismissed", AT, action="dismissed")
    payload["review"]["submitted_at"] = "2026-11-20T06:00:00Z"
    assert only("pull_request_review", payload).occurred_at == datetime(2026, 11, 23, 6, 5, tzinfo=UTC)


def test_a_review_that_is_edited_is_untold():
    assert github.events("pull_request_review", review("approved", AT, action="edited")) == []


def test_a_workflow_run_belongs_to_the_pull_requests_of_its_own_repository():
    ours, theirs = {"base": {"repo": {"id": 1}}}, {"base": {"repo": {"id": 2}}}
    numbers = [{"number": 7} | ours, {"number": 8} | ours, {"number": 9} | theirs]
    told = github.events("workflow_run", workflow_run("completed", "failure", AT, pull_requests=numbers))
    assert [event.subject_key for event in told] == [SUBJECT, "gh:pr:acme/backbeat:8"]
    assert {event.severity for event in told} == {Severity.WARNING}


def test_the_states_of_a_workflow_run_are_events_of_their_own():
    stages = [("queued", None), ("in_progress", None), ("completed", "success")]
    told = [only("workflow_run", workflow_run(status, conclusion, AT)) for status, conclusion in stages]
    told.append(only("workflow_run", workflow_run("queued", None, AT, run_attempt=2)))
    assert [event.event_id.removeprefix(f"{SUBJECT}:check:501:") for event in told] == [
        "1:queued",
        "1:in_progress",
        "1:success",
        "2:queued",
    ]


def test_a_workflow_run_without_a_pull_request_is_untold():
    assert github.events("workflow_run", workflow_run("completed", "success", AT, pull_requests=[])) == []


def test_a_push_past_all_pull_requests_is_told_at_the_time_of_the_push():
    event = only("push", push())
    assert event.subject_key == event.event_id
    assert event.event_id.startswith("gh:push:acme/backbeat:" + "b" * 40)
    assert event.occurred_at == datetime.fromtimestamp(1_795_500_000, UTC)
    assert event.payload["message"] == "Mend the clock"


@pytest.mark.parametrize("message", ["Merge pull request #7 from ada/clock\n\nMend the clock", "Mend the clock (#7)"])
def test_a_merge_on_github_is_told_by_its_pull_request_alone(message: str):
    head = {"message": message, "timestamp": AT, "committer": {"username": "web-flow"}}
    assert github.events("push", push(head_commit=head)) == []
    by_hand = head | {"committer": {"username": "ada"}}
    assert len(github.events("push", push(head_commit=by_hand))) == 1


@pytest.mark.parametrize("more", [{"ref": "refs/heads/clock"}, {"ref": "refs/tags/main"}, {"deleted": True}])
def test_a_push_to_anything_but_the_default_branch_is_untold(more: dict[str, Any]):
    assert github.events("push", push(**more)) == []


def test_a_push_of_an_old_commit_again_is_another_event():
    later = push(repository=push()["repository"] | {"pushed_at": 1_795_500_060})
    assert only("push", later).event_id != only("push", push()).event_id


@pytest.mark.parametrize(
    ("name", "payload", "missing"),
    [
        ("pull_request", {"action": "opened"}, "pull_request.number"),
        ("pull_request", pull_request("opened", AT) | {"repository": None}, "repository.full_name"),
        ("pull_request", pull_request("opened", AT) | {"repository": {"full_name": "a b/c"}}, "repository.full_name"),
        ("pull_request", pull_request("reopened", ""), "pull_request.updated_at"),
        ("pull_request_review", review("approved", AT) | {"review": {"state": "approved"}}, "review.id"),
        ("push", push(after=None), "after"),
    ],
)
def test_a_told_event_without_what_it_needs_names_what_is_missing(name: str, payload: dict[str, Any], missing: str):
    with pytest.raises(Malformed, match=missing.replace(".", r"\.")):
        github.events(name, payload)


@pytest.mark.parametrize("name", ["", "ping", "issues", "star", "check_suite", "__class__"])
def test_an_event_nobody_asked_for_is_untold(name: str):
    assert github.events(name, {"action": "opened"}) == []


def test_payloads_of_any_shape_are_told_untold_or_refused_and_never_crash():
    shapes: list[Any] = [None, 7, "text", [], [7], {}, {"number": 7}, True, -1, "x" * 10_000]
    for name in ("pull_request", "pull_request_review", "workflow_run", "push"):
        for shape in shapes:
            for part in ("action", "pull_request", "review", "workflow_run", "repository", "sender", "head_commit"):
                whole = pull_request("opened", AT) | review("approved", AT) | workflow_run("completed", "success", AT)
                try:
                    told = github.events(name, push() | whole | {part: shape})
                except Malformed:
                    continue
                assert all(isinstance(event, Event) for event in told)
