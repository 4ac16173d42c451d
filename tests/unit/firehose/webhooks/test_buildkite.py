"""Buildkite's webhooks as events: the stage the build is in, told where it belongs."""

from __future__ import annotations

from typing import Any

import pytest

from include.firehose.build import Stage, stage_of
from include.firehose.event import Event, Kind
from include.firehose.webhooks import buildkite
from include.firehose.webhooks.payload import Malformed
from include.settings.vocabulary import Severity
from tests.unit.firehose.webhooks.payloads import BUILD, STARTED, activated, build, finished, running

CHECKS = {"name": "backbeat", "slug": "backbeat"}
OF_SEVEN = {
    "branch": "clock",
    "pull_request": {"id": "7", "base": "main", "repository": "git://github.com/ada/fork.git"},
}


def only(payload: dict[str, Any]) -> Event:
    (event,) = buildkite.events(payload)
    return event


@pytest.mark.parametrize(
    ("payload", "fact", "at"),
    [
        (build("build.scheduled", "scheduled"), "scheduled", "06:01:00"),
        (running(), "running", "06:02:00"),
        (build("build.failing", "failing", **STARTED, failing_at="2026-11-23 06:03:00 UTC"), "failing", "06:03:00"),
        (build("build.failing", "running", **STARTED, failing_at="2026-11-23 06:03:00 UTC"), "failing", "06:03:00"),
        (finished("passed", "06:06:12"), "passed:2026-11-23T06:06:12Z", "06:06:12"),
        (finished("failed", "06:06:12"), "failed:2026-11-23T06:06:12Z", "06:06:12"),
        (finished("canceled", "06:06:12"), "canceled:2026-11-23T06:06:12Z", "06:06:12"),
        (build("build.skipped", "skipped"), "skipped", "06:01:00"),
        (activated("06:20:00"), "unblocked:job-1", "06:20:00"),
    ],
)
def test_each_stage_is_one_event_at_its_own_time(payload: dict[str, Any], fact: str, at: str):
    event = only(payload)
    assert event.event_id == f"bk:{BUILD}:{fact}"
    assert (event.kind, event.subject_key) == (Kind.BUILD, f"bk:build:{BUILD}")
    assert event.occurred_at.strftime("%H:%M:%S") == at
    assert event.series == "bk:pipeline:acme/backbeat-deploy"


def test_a_blocked_build_is_not_finished_although_buildkite_says_so():
    event = only(finished("passed", "06:04:00", blocked=True))
    assert stage_of(event) is Stage.BLOCKED
    assert event.severity is Severity.INFO
    assert stage_of(only(finished("failed", "06:04:00", blocked=True))) is Stage.BLOCKED
    assert stage_of(only(finished("canceled", "06:04:00", blocked=True))) is Stage.CANCELED


def test_a_payload_of_a_later_moment_is_told_as_what_it_is():
    late = finished("passed", "06:06:12") | {"event": "build.running"}
    assert only(late).event_id == only(finished("passed", "06:06:12")).event_id
    unblocked_meanwhile = running() | {"event": "build.finished"}
    assert stage_of(only(unblocked_meanwhile)) is Stage.RUNNING


def test_a_retried_job_lets_the_build_end_a_second_time():
    ends = [
        only(finished("failed", "06:06:12")),
        only(finished("failed", "06:30:00")),
        only(finished("passed", "06:40:00")),
    ]
    assert len({event.event_id for event in ends}) == 3


def test_milliseconds_make_no_other_event():
    rest = finished("passed", "06:06:12")
    rest["build"]["finished_at"] = "2026-11-23T06:06:12.874Z"
    assert only(rest).event_id == only(finished("passed", "06:06:12")).event_id


def test_a_build_of_a_pull_request_belongs_to_the_pull_request_and_not_to_the_fork_it_comes_from():
    event = only(finished("failed", "06:06:12", pipeline=CHECKS, **OF_SEVEN))
    assert (event.kind, event.subject_key) == (Kind.PULL_REQUEST, "gh:pr:acme/backbeat:7")
    assert (event.payload["trunk"], event.severity) == (False, Severity.WARNING)
    assert event.series == "bk:checks:acme/backbeat"


@pytest.mark.parametrize("pull_request", [None, {}, {"id": None}, {"id": "false"}, "7", []])
def test_what_is_no_pull_request_is_none(pull_request: Any):
    assert only(running(pull_request=pull_request)).subject_key == f"bk:build:{BUILD}"


@pytest.mark.parametrize(
    ("address", "read"),
    [
        ("git@github.com:acme/backbeat.git", "acme/backbeat"),
        ("git@github.com:acme/back.beat", "acme/back.beat"),
        ("https://github.com/acme/backbeat", "acme/backbeat"),
        ("https://github.com/acme/backbeat.git/", "acme/backbeat"),
        ("https://ada:secret@github.com/acme/backbeat.git", "acme/backbeat"),
        ("ssh://git@github.com:22/acme/backbeat.git", "acme/backbeat"),
        ("git://github.com/acme/backbeat.git", "acme/backbeat"),
        ("git@github.acme.example:acme/backbeat.git", "acme/backbeat"),
        ("git@gitlab.com:acme/backbeat.git", ""),
        ("https://evil.example/github.com/acme/backbeat", ""),
        ("https://github.com/acme/backbeat/tree/main", ""),
        (None, ""),
    ],
)
def test_the_repository_is_read_from_every_way_to_write_its_address(address: Any, read: str):
    assert only(running(pipeline={"repository": address})).payload["repository"] == read


@pytest.mark.parametrize(
    ("more", "pipeline"),
    [
        ({"branch": "main"}, CHECKS),
        ({"branch": "trunk"}, CHECKS | {"default_branch": "trunk"}),
        ({"branch": "master"}, CHECKS | {"default_branch": None}),
        ({"branch": "v1.0", "tag": "v1.0"}, CHECKS),
        ({"branch": "clock"}, {"slug": "deploy-preview"}),
    ],
)
def test_a_build_of_the_trunk_a_tag_or_a_deploy_pipeline_is_told_by_itself(
    more: dict[str, Any], pipeline: dict[str, Any]
):
    assert only(running(pipeline=pipeline, **more)).subject_key == f"bk:build:{BUILD}"


def test_a_branch_without_a_pull_request_is_untold():
    assert buildkite.events(running(branch="clock", pipeline=CHECKS)) == []


@pytest.mark.parametrize("message", ["Merge pull request #7 from ada/clock", "Mend the clock (#7)"])
def test_the_end_of_a_deployment_is_told_to_the_pull_request_it_brings(message: str):
    own, other = buildkite.events(finished("passed", "06:06:12", message=message))
    assert (own.subject_key, other.subject_key) == (f"bk:build:{BUILD}", "gh:pr:acme/backbeat:7")
    assert (own.kind, other.kind) == (Kind.BUILD, Kind.PULL_REQUEST)
    assert (own.series, other.series) == ("bk:pipeline:acme/backbeat-deploy", "gh:pull_requests:acme/backbeat")
    assert own.event_id != other.event_id
    assert len(buildkite.events(running(message=message))) == 1
    assert len(buildkite.events(finished("passed", "06:06:12", blocked=True, message=message))) == 1


@pytest.mark.parametrize("message", ["See #7", "Mend (#7) the clock", "(#x)", "#7"])
def test_a_number_in_a_message_is_not_yet_a_pull_request(message: str):
    assert len(buildkite.events(finished("passed", "06:06:12", message=message))) == 1


@pytest.mark.parametrize(
    ("payload", "state"),
    [
        (finished("passed", "06:06:12"), "success"),
        (finished("failed", "06:06:12"), "failed"),
        (finished("canceled", "06:06:12"), None),
        (finished("passed", "06:06:12", blocked=True), None),
        (running(), None),
    ],
)
def test_only_an_end_has_a_state_in_the_words_of_a_run(payload: dict[str, Any], state: str | None):
    assert only(payload).payload.get("state") == state


def test_the_name_is_read_in_the_signed_body():
    assert buildkite.events({"event": "ping", "build": running()["build"]}) == []
    assert buildkite.events({"event": "job.finished"} | {"build": running()["build"]}) == []
    assert buildkite.events({}) == []


@pytest.mark.parametrize(
    ("payload", "missing"),
    [
        ({"event": "build.running"}, "build.id"),
        (running(id="a b"), "UUID"),
        (build("build.scheduled", "scheduled", created_at=None, scheduled_at="soon"), "no time"),
        (build("job.activated", "running", **STARTED) | {"job": {"unblocked_at": "2026-11-23T06:20:00Z"}}, "job.id"),
    ],
)
def test_a_told_event_without_what_it_needs_names_what_is_missing(payload: dict[str, Any], missing: str):
    with pytest.raises(Malformed, match=missing):
        buildkite.events(payload)


def test_payloads_of_any_shape_are_told_untold_or_refused_and_never_crash():
    shapes: list[Any] = [None, 7, "text", [], [7], {}, {"id": 7}, True, -1, "x" * 10_000]
    for shape in shapes:
        for part in ("event", "build", "pipeline", "sender", "job"):
            payloads = [whole | {part: shape} for whole in (running(), activated("06:20:00"))]
            fields = running()["build"]
            payloads += [running() | {"build": fields | {name: shape}} for name in fields]
            for payload in payloads:
                try:
                    told = buildkite.events(payload)
                except Malformed:
                    continue
                assert all(isinstance(event, Event) for event in told)
