"""From a webhook of GitHub to events: pull requests, reviews, workflow runs of pull requests, pushes past them. Pure.

GitHub sends dozens of events with hundreds of actions; what is not told here gives no event. A fact's id holds its own
time and not the delivery's, so that two deliveries (two webhooks, a redelivery, a replay) give one row.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from include.firehose.event import Event, Kind
from include.firehose.webhooks.payload import (
    Malformed,
    Payload,
    moment,
    number,
    part,
    parts,
    required,
    stamp,
    text,
    url,
    value,
)
from include.settings.vocabulary import Severity

_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}")
# Which time of the pull request is the fact's own; `updated_at` moves on with the next one.
_OWN_TIME = {"opened": "created_at", "closed": "closed_at"}
_TOLD = {"opened", "reopened", "ready_for_review", "converted_to_draft", "synchronize", "closed"}
_VERDICTS = {"approved", "changes_requested", "commented", "dismissed"}
_FAILED = {"failure", "timed_out", "startup_failure"}
# `Merge pull request #7 from ada/clock`, or the `Mend the clock (#7)` of a squash.
_MERGED = re.compile(r"Merge pull request #([0-9]{1,9}) from |.*\(#([0-9]{1,9})\)$")


def pull_request_subject(repository: str, pull_request: int) -> str:
    """The subject of everything that happens to a pull request. GitHub's names ignore case, and others spell them."""
    return f"gh:pr:{repository.lower()}:{pull_request}"


def pull_request_series(repository: str) -> str:
    """The beat of a repository's pull requests."""
    return f"gh:pull_requests:{repository.lower()}"


def merged_number(message: str) -> int | None:
    """The number of the pull request that a commit message says it merges."""
    found = _MERGED.match(message)
    return int(found[1] or found[2]) if found else None


def events(name: str, payload: Payload) -> list[Event]:
    """The events of a webhook whose X-GitHub-Event is `name`; none when it is nothing to tell.

    Raises Malformed when a told event lacks what it cannot do without.
    """
    reader = _READERS.get(name)
    return reader(payload) if reader else []


def _pull_request(payload: Payload) -> list[Event]:
    action = text(payload, "action")
    retitled = action == "edited" and bool(part(payload, "changes", "title") or part(payload, "changes", "base"))
    if action not in _TOLD and not retitled:
        return []
    pull_request = part(payload, "pull_request")
    facts = _facts(payload)
    own = moment(pull_request, _OWN_TIME.get(action, "updated_at"))
    at = _needed(own or moment(pull_request, "updated_at"), "pull_request.updated_at")
    # Two pushes within one second are two facts.
    more = f":{facts['head_sha'][:12]}" if action == "synchronize" else ""
    return [_event(payload, f"{action}:{stamp(at)}{more}", at, facts | {"fact": action})]


def _review(payload: Payload) -> list[Event]:
    verdict = text(payload, "review", "state").lower()
    if text(payload, "action") not in ("submitted", "dismissed") or verdict not in _VERDICTS:
        return []
    review = number(payload, "review", "id")
    if review is None:
        raise Malformed("The payload has no review.id.")
    submitted = moment(payload, "review", "submitted_at")
    updated = moment(payload, "pull_request", "updated_at")
    # A dismissal has no time of its own, and its review's is long past.
    at = _needed(updated if verdict == "dismissed" and updated else submitted, "review.submitted_at")
    said = {
        "fact": "review",
        "verdict": verdict,
        "review": review,
        "reviewer": text(payload, "review", "user", "login", limit=100),
        "review_url": url(payload, "review", "html_url"),
    }
    return [_event(payload, f"review:{review}:{verdict}", at, _facts(payload) | said)]


def _workflow_run(payload: Payload) -> list[Event]:
    """One event for each pull request the run belongs to; GitHub names none for a fork's."""
    run = part(payload, "workflow_run")
    run_id = number(run, "id")
    at = moment(run, "updated_at")
    mine = value(payload, "repository", "id")
    # A run knows the pull requests of other repositories that have the same commit, too.
    numbers = [
        number(item, "number") for item in parts(run, "pull_requests") if value(item, "base", "repo", "id") == mine
    ]
    if run_id is None or at is None or not any(numbers):
        return []
    status, conclusion = text(run, "status", limit=40), text(run, "conclusion", limit=40)
    attempt = number(run, "run_attempt") or 1
    said = {
        "fact": "check",
        "check": text(run, "name", limit=100) or text(payload, "workflow", "name", limit=100) or "workflow",
        "check_url": url(run, "html_url"),
        "run": run_id,
        "attempt": attempt,
        "status": status,
        "conclusion": conclusion,
        "commit": text(run, "head_sha", limit=64),
        "started_at": _iso(moment(run, "run_started_at")),
    }
    state = f"check:{run_id}:{attempt}:{(status == 'completed' and conclusion) or status}"
    severity = Severity.WARNING if conclusion in _FAILED else Severity.INFO
    repository = _repository(payload)
    return [
        _event(payload, state, at, {"repository": repository, "number": item} | said, severity=severity)
        for item in numbers
        if item is not None
    ]


def _push(payload: Payload) -> list[Event]:
    """A push to the default branch that is no merge of a pull request, which tells itself."""
    repository = _repository(payload)
    branch = text(payload, "repository", "default_branch")
    if not branch or text(payload, "ref") != f"refs/heads/{branch}" or value(payload, "deleted") is True:
        return []
    head = part(payload, "head_commit")
    message = text(head, "message")
    if text(head, "committer", "username") == "web-flow" and merged_number(message) is not None:
        return []
    after = required(payload, "after")[:64]
    # The commit's own time may be years ago.
    pushed = moment(payload, "repository", "pushed_at") or moment(head, "timestamp")
    at = _needed(pushed, "repository.pushed_at")
    # With its time: pushed, reverted by force and pushed again are three facts.
    subject = f"gh:push:{repository.lower()}:{after}:{stamp(at)}"
    facts = {
        "repository": repository,
        "branch": branch,
        "after": after,
        "message": message,
        "commits": len(parts(payload, "commits")),
        "pusher": text(payload, "pusher", "name", limit=100) or text(payload, "sender", "login", limit=100),
        "forced": value(payload, "forced") is True,
        "url": url(payload, "compare"),
    }
    return [Event(subject, Kind.PUSH, f"gh:pushes:{repository.lower()}", subject, at, Severity.INFO, facts)]


_READERS: dict[str, Callable[[Payload], list[Event]]] = {
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "workflow_run": _workflow_run,
    "push": _push,
}


def _event(
    payload: Payload, fact: str, at: datetime, facts: dict[str, Any], *, severity: Severity = Severity.INFO
) -> Event:
    subject = pull_request_subject(facts["repository"], facts["number"])
    return Event(
        event_id=f"{subject}:{fact}",
        kind=Kind.PULL_REQUEST,
        series=pull_request_series(facts["repository"]),
        subject_key=subject,
        occurred_at=at,
        severity=severity,
        payload=facts | {"actor": text(payload, "sender", "login", limit=100)},
    )


def _facts(payload: Payload) -> dict[str, Any]:
    """The pull request as it was when this was sent."""
    pull_request = part(payload, "pull_request")
    pull_number = number(pull_request, "number") or number(payload, "number")
    if pull_number is None:
        raise Malformed("The payload has no pull_request.number.")
    merged_at = moment(pull_request, "merged_at")
    merged = merged_at is not None or value(pull_request, "merged") is True
    facts: dict[str, Any] = {
        "repository": _repository(payload),
        "number": pull_number,
        "title": text(pull_request, "title"),
        "url": url(pull_request, "html_url"),
        "author": text(pull_request, "user", "login", limit=100),
        "base": text(pull_request, "base", "ref"),
        "head": text(pull_request, "head", "ref"),
        "head_sha": text(pull_request, "head", "sha", limit=64),
        "state": "merged" if merged else ("closed" if text(pull_request, "state") == "closed" else "open"),
        "created_at": _iso(moment(pull_request, "created_at")),
        "closed_at": _iso(merged_at or moment(pull_request, "closed_at")),
        # Before the merge it is the commit of a trial.
        "merge_commit": text(pull_request, "merge_commit_sha", limit=64) if merged else "",
        "merged_by": text(pull_request, "merged_by", "login", limit=100),
    }
    # A review's pull request may leave it out, and then it is not known to be no draft.
    if isinstance(value(pull_request, "draft"), bool):
        facts["draft"] = value(pull_request, "draft")
    return facts


def _repository(payload: Payload) -> str:
    name = required(payload, "repository", "full_name")
    if not _REPOSITORY.fullmatch(name):
        raise Malformed("repository.full_name is not <owner>/<name>.")
    return name


def _needed(time: datetime | None, name: str) -> datetime:
    if time is None:
        raise Malformed(f"The payload has no time in {name}.")
    return time


def _iso(time: datetime | None) -> str:
    return time.isoformat() if time else ""
