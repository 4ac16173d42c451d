"""Payloads as GitHub and Buildkite send them, down to the fields that matter, and their signatures."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

BUILD = "01908131-7d9f-495e-a17b-80ed31276810"
REPOSITORY = {"id": 1, "full_name": "Acme/backbeat", "default_branch": "main", "pushed_at": 1_795_500_000}
SECRET = "It's a Secret to Everybody"


def pull_request(action: str, at: str, *, by: str = "ada", **more: Any) -> dict[str, Any]:
    """A `pull_request` webhook of #7; `more` replaces fields of the pull request."""
    closed = action == "closed"
    fields: dict[str, Any] = {
        "number": 7,
        "title": "Mend the clock",
        "html_url": "https://github.com/Acme/backbeat/pull/7",
        "state": "closed" if closed else "open",
        "draft": False,
        "merged": False,
        "merged_at": None,
        "merge_commit_sha": None,
        "created_at": "2026-11-23T06:00:00Z",
        "updated_at": at,
        "closed_at": at if closed else None,
        "user": {"login": "ada"},
        "head": {"ref": "clock", "sha": "a" * 40},
        "base": {"ref": "main"},
    }
    return {
        "action": action,
        "number": 7,
        "pull_request": fields | more,
        "repository": REPOSITORY,
        "sender": {"login": by},
    }


def merged(at: str, commit: str) -> dict[str, Any]:
    """The webhook of a merge."""
    by = {"login": "bob"}
    return pull_request("closed", at, by="bob", merged=True, merged_at=at, merge_commit_sha=commit, merged_by=by)


def review(verdict: str, at: str, *, by: str = "bob", number: int = 11, action: str = "submitted") -> dict[str, Any]:
    """A `pull_request_review` webhook of #7, which leaves out what GitHub leaves out."""
    payload = pull_request(action, at, by=by)
    for name in ("merged", "draft"):
        del payload["pull_request"][name]
    said = {"id": number, "state": verdict, "submitted_at": at, "user": {"login": by}}
    return payload | {"review": said | {"html_url": "https://github.com/Acme/backbeat/pull/7#r"}}


def workflow_run(status: str, conclusion: str | None, at: str, **more: Any) -> dict[str, Any]:
    """A `workflow_run` webhook of a run for #7."""
    fields = {
        "id": 501,
        "name": "lint",
        "run_attempt": 1,
        "status": status,
        "conclusion": conclusion,
        "head_sha": "a" * 40,
        "html_url": "https://github.com/Acme/backbeat/actions/runs/501",
        "run_started_at": "2026-11-23T06:01:00Z",
        "updated_at": at,
        "pull_requests": [{"number": 7, "base": {"repo": {"id": 1}}}],
    }
    return {
        "action": "completed" if status == "completed" else status,
        "workflow_run": fields | more,
        "repository": REPOSITORY,
        "sender": {"login": "ada"},
    }


def push(**more: Any) -> dict[str, Any]:
    """A `push` webhook of one commit to main."""
    commit = {"message": "Mend the clock\n\nIt stood still.", "timestamp": "2020-01-01T00:00:00Z"}
    fields = {
        "ref": "refs/heads/main",
        "after": "b" * 40,
        "deleted": False,
        "forced": False,
        "compare": "https://github.com/Acme/backbeat/compare/a...b",
        "pusher": {"name": "ada"},
        "repository": REPOSITORY,
        "commits": [commit],
        "head_commit": commit | {"committer": {"username": "ada"}},
    }
    return fields | more


def build(event: str, state: str, *, pipeline: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A webhook of build #128 of main; `more` replaces fields of the build, `pipeline` those of the pipeline."""
    fields = {
        "id": BUILD,
        "number": 128,
        "state": state,
        "blocked": False,
        "branch": "main",
        "commit": "a1b2c3d" + "0" * 33,
        "message": "Mend the clock",
        "web_url": "https://buildkite.com/acme/backbeat-deploy/builds/128",
        "creator": {"name": "Ada"},
        "created_at": "2026-11-23 06:01:00 UTC",
        "scheduled_at": "2026-11-23 06:01:00 UTC",
        "started_at": None,
        "finished_at": None,
        "pull_request": None,
        "rebuilt_from": None,
    }
    of = {
        "name": "backbeat deploy",
        "slug": "backbeat-deploy",
        "url": "https://api.buildkite.com/v2/organizations/acme/pipelines/backbeat-deploy",
        "repository": "git@github.com:acme/backbeat.git",
        "default_branch": "main",
    }
    return {"event": event, "build": fields | more, "pipeline": of | (pipeline or {}), "sender": {"name": "Ada"}}


STARTED = {"started_at": "2026-11-23 06:02:00 UTC"}


def running(**more: Any) -> dict[str, Any]:
    return build("build.running", "running", **(STARTED | more))


def finished(state: str, at: str, *, pipeline: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """`build.finished` at a time like `06:06:12`."""
    fields = STARTED | {"finished_at": f"2026-11-23 {at} UTC"} | more
    return build("build.finished", state, pipeline=pipeline, **fields)


def activated(at: str) -> dict[str, Any]:
    """`job.activated`: Bob unblocks the build."""
    job = {"id": "job-1", "type": "manual", "unblocked_by": {"name": "Bob"}, "unblocked_at": f"2026-11-23T{at}.264Z"}
    return build("job.activated", "running", **STARTED) | {"job": job}


def github_headers(name: str, body: bytes, *, secret: str = SECRET, delivery: str = "d-1") -> dict[str, str]:
    """The headers of a delivery of GitHub's."""
    return {
        "content-type": "application/json",
        "x-github-event": name,
        "x-github-delivery": delivery,
        "x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


def buildkite_headers(body: bytes, at: float, *, secret: str = SECRET) -> dict[str, str]:
    """The headers of a request of Buildkite's, signed at that time."""
    message = f"{int(at)}.".encode() + body
    signature = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
    return {
        "content-type": "application/json",
        "x-buildkite-event": "build.running",
        "x-buildkite-signature": f"timestamp={int(at)},signature={signature}",
    }


def encoded(payload: Any) -> bytes:
    return json.dumps(payload).encode()
