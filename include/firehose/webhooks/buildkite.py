"""From a webhook of Buildkite to events: the stages of a build, told where they belong. Pure.

The payload may be of a later moment than the webhook, so the build says its stage itself and the webhook's name helps
only where it does not. `build.finished` is sent for a blocked build too, with the state it would have had.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.firehose.build import Stage
from include.firehose.event import Event, Kind, RunState
from include.firehose.webhooks.github import merged_number, pull_request_series, pull_request_subject
from include.firehose.webhooks.payload import (
    Malformed,
    Payload,
    moment,
    number,
    part,
    required,
    stamp,
    text,
    url,
    value,
)
from include.settings.vocabulary import Severity

_ID = re.compile(r"[A-Za-z0-9-]{1,64}")
_GITHUB = re.compile(
    r"(?:[a-z+]+://)?(?:[^/@\s]+@)?(?:www\.)?github\.[a-z0-9.-]+(?::[0-9]+)?[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?",
    re.ASCII,
)
_STAGES = {
    "creating": Stage.SCHEDULED,
    "scheduled": Stage.SCHEDULED,
    "waiting": Stage.SCHEDULED,
    "started": Stage.RUNNING,
    "running": Stage.RUNNING,
    "canceling": Stage.RUNNING,
    "waiting_failed": Stage.RUNNING,
    "failing": Stage.FAILING,
    "blocked": Stage.BLOCKED,
    "passed": Stage.PASSED,
    "failed": Stage.FAILED,
    "canceled": Stage.CANCELED,
    "skipped": Stage.SKIPPED,
    "not_run": Stage.NOT_RUN,
}
_STAGE_OF_EVENT = {
    "build.scheduled": Stage.SCHEDULED,
    "build.running": Stage.RUNNING,
    "build.failing": Stage.FAILING,
    "build.skipped": Stage.SKIPPED,
}
_OWN_TIME = {
    Stage.SCHEDULED: ("scheduled_at", "created_at"),
    Stage.RUNNING: ("started_at",),
    Stage.FAILING: ("failing_at",),
}
_TIMES = ("finished_at", "failing_at", "started_at", "scheduled_at", "created_at")
# Not a stage's only occurrence: a build is blocked more than once, and ends again when a job of it is retried.
_REPEATED = {Stage.BLOCKED, Stage.PASSED, Stage.FAILED, Stage.CANCELED}
# In the words of a run, by which the outbox counts failures in a row.
_STATE_OF_END = {Stage.PASSED: RunState.SUCCESS, Stage.FAILED: RunState.FAILED}


def build_subject(build_id: str) -> str:
    """The subject of a build that is told by itself."""
    return f"bk:build:{build_id}"


def events(payload: Payload) -> list[Event]:
    """The events of a webhook; none when it is nothing to tell.

    The name is read in the signed payload, not in X-Buildkite-Event. A build of a pull request belongs to that pull
    request; one of the default branch, of a tag or of a deploy pipeline is a subject of its own, and its end is told to
    the pull request that its commit merged as well; others are not told. What is told to a pull request is of its kind,
    because the kind chooses the design. Raises Malformed.
    """
    name = text(payload, "event")
    stage = _stage(name, payload)
    if stage is None:
        return []
    facts = _facts(payload, stage)
    at = _time(payload, stage)
    event_id = f"bk:{facts['build_id']}:{_occurrence(payload, stage, at)}"
    severity = Severity.ERROR if stage is Stage.FAILED else Severity.INFO
    pull_request = _pull_request(part(payload, "build"), facts["repository"])
    if pull_request is not None:
        subject = pull_request_subject(facts["repository"], pull_request)
        # The author's matter, for the time being.
        severity = Severity.WARNING if stage is Stage.FAILED else severity
        facts |= {"number_of_pull_request": pull_request, "trunk": False}
        return [Event(event_id, Kind.PULL_REQUEST, f"bk:checks:{facts['slug']}", subject, at, severity, facts)]
    if not _is_told(payload, facts):
        return []
    facts |= {"trunk": True}
    series = f"bk:pipeline:{facts['slug']}"
    told = [Event(event_id, Kind.BUILD, series, build_subject(facts["build_id"]), at, severity, facts)]
    merged = merged_number(facts["message"])
    if stage in _STATE_OF_END and merged and facts["repository"]:
        subject = pull_request_subject(facts["repository"], merged)
        facts = facts | {"number_of_pull_request": merged}
        # Not the pipeline's series, which has this end already.
        series = pull_request_series(facts["repository"])
        told.append(Event(f"{event_id}:{subject}", Kind.PULL_REQUEST, series, subject, at, Severity.INFO, facts))
    return told


def _stage(name: str, payload: Payload) -> Stage | None:
    if name == "job.activated":
        return Stage.UNBLOCKED
    if not name.startswith("build."):
        return None
    stage = _STAGES.get(text(payload, "build", "state"), _STAGE_OF_EVENT.get(name))
    if value(payload, "build", "blocked") is True and stage not in (Stage.CANCELED, Stage.SKIPPED, Stage.NOT_RUN):
        return Stage.BLOCKED
    if name == "build.failing" and stage is Stage.RUNNING:
        return Stage.FAILING
    return stage


def _occurrence(payload: Payload, stage: Stage, at: datetime) -> str:
    if stage is Stage.UNBLOCKED:
        return f"{stage}:{required(payload, 'job', 'id')[:64]}"
    return f"{stage}:{stamp(at)}" if stage in _REPEATED else stage.value


def _time(payload: Payload, stage: Stage) -> datetime:
    build = part(payload, "build")
    if stage is Stage.UNBLOCKED:
        times = [moment(payload, "job", "unblocked_at")]
    else:
        times = [moment(build, name) for name in (*_OWN_TIME.get(stage, ()), *_TIMES)]
    for time in times:
        if time is not None:
            return time
    raise Malformed("The payload has no time of the build.")


def _facts(payload: Payload, stage: Stage) -> dict[str, Any]:
    build, pipeline = part(payload, "build"), part(payload, "pipeline")
    build_id = required(payload, "build", "id")
    if not _ID.fullmatch(build_id):
        raise Malformed("build.id is not a UUID.")
    slug = text(pipeline, "slug", limit=100)
    facts: dict[str, Any] = {
        "build_id": build_id,
        "build_number": number(build, "number") or 0,
        "stage": stage.value,
        "pipeline": text(pipeline, "name", limit=100) or slug or "build",
        "slug": "/".join(name for name in (_organization(payload), slug) if name) or "unnamed",
        "repository": _repository(pipeline),
        "branch": text(build, "branch"),
        "commit": text(build, "commit", limit=64),
        "message": text(build, "message"),
        "url": url(build, "web_url"),
        "creator": text(build, "creator", "name", limit=100) or text(build, "author", "name", limit=100),
        "rebuilt_from": number(build, "rebuilt_from", "number") or 0,
        "deploys": "deploy" in f"{slug} {text(pipeline, 'name')}".lower(),
    }
    if stage in _STATE_OF_END:
        facts["state"] = _STATE_OF_END[stage].value
    if stage is Stage.UNBLOCKED:
        facts["unblocked_by"] = text(payload, "job", "unblocked_by", "name", limit=100)
    facts |= {name: time.isoformat() for name in _TIMES if (time := moment(build, name))}
    return facts


def _organization(payload: Payload) -> str:
    found = re.search(r"/organizations/([\w.-]{1,100})/", text(payload, "pipeline", "url"), re.ASCII)
    return found[1] if found else ""


def _repository(pipeline: Payload) -> str:
    """`owner/name` of a pipeline that builds a GitHub repository.

    Not the pull request's own: that is the fork it comes from.
    """
    found = _GITHUB.fullmatch(text(pipeline, "repository"))
    return found[1] if found else ""


def _pull_request(build: Payload, repository: str) -> int | None:
    pull_request = value(build, "pull_request")
    if not isinstance(pull_request, Mapping) or not repository:
        return None
    return number(pull_request, "number") or number(pull_request, "id")


def _is_told(payload: Payload, facts: Mapping[str, Any]) -> bool:
    default = text(payload, "pipeline", "default_branch")
    trunks = {default} if default else {"main", "master"}
    return facts["deploys"] or facts["branch"] in trunks or bool(text(payload, "build", "tag"))
