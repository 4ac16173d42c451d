"""What is known of one pull request: the fold of its own events, its reviews, its checks, and its deployment. Pure.

The result depends on the set of events alone. Each fact carries its own time by GitHub's or Buildkite's clock; a merge
is final, a check counts for the commit it ran on, and a reviewer's last verdict counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from include.firehose import build as builds
from include.firehose.build import Build, Stage
from include.firehose.event import Event, instant

# Within one second, what the later one of two facts is taken to be.
_RANK = {"check": 0, "review": 1, "opened": 2, "closed": 9}
_ORDINARY = 5


class CheckState(StrEnum):
    """Where a check of a pull request stands."""

    WAITING = "waiting"
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


_STATE_OF_STAGE = {
    Stage.PASSED: CheckState.PASSED,
    Stage.FAILED: CheckState.FAILED,
    Stage.FAILING: CheckState.FAILED,
    Stage.CANCELED: CheckState.SKIPPED,
    Stage.SKIPPED: CheckState.SKIPPED,
    Stage.NOT_RUN: CheckState.SKIPPED,
}
_STATE_OF_CONCLUSION = {
    "success": CheckState.PASSED,
    "failure": CheckState.FAILED,
    "timed_out": CheckState.FAILED,
    "startup_failure": CheckState.FAILED,
    "action_required": CheckState.WAITING,
}


@dataclass(frozen=True)
class Check:
    """One build or workflow that looks at the pull request, its last run."""

    name: str
    state: CheckState
    url: str
    since: datetime
    blocked: bool = False


@dataclass(frozen=True)
class PullRequest:
    """One pull request; `state` is open, closed or merged, `verdicts` each reviewer's last one."""

    repository: str
    number: int
    state: str
    title: str = ""
    url: str = ""
    author: str = ""
    base: str = ""
    head: str = ""
    head_sha: str = ""
    draft: bool = False
    opened_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    verdicts: Mapping[str, str] | None = None
    checks: tuple[Check, ...] = ()
    deployment: Build | None = None

    def reviewers(self, verdict: str) -> list[str]:
        """Who has reviewed it with this verdict."""
        return sorted(name for name, said in (self.verdicts or {}).items() if said == verdict)

    def count(self, state: CheckState) -> int:
        return sum(check.state is state for check in self.checks)


def is_build(event: Event) -> bool:
    """Whether the event tells of a build that belongs to the pull request, rather than of the pull request itself."""
    return "stage" in event.payload


def standing(event: Event) -> tuple[datetime, int, str]:
    """What orders the events of a pull request."""
    rank = _RANK.get(str(event.payload.get("fact")), _ORDINARY)
    return (event.occurred_at, rank, event.event_id)


def fold(events: Iterable[Event]) -> PullRequest:
    """The pull request that the events tell of; all of one, at least one. Raises ValueError when there is none."""
    ordered = sorted(events, key=standing)
    if not ordered:
        raise ValueError("A pull request needs at least one event.")
    own = [event for event in ordered if not is_build(event)]
    told = [event for event in own if "state" in event.payload]
    facts: dict[str, Any] = {}
    for event in own:
        facts.update({name: value for name, value in event.payload.items() if value not in (None, "")})
    end = _end(told)
    first = ordered[0].payload
    return PullRequest(
        repository=str(facts.get("repository") or first.get("repository", "")),
        number=int(facts.get("number") or first.get("number_of_pull_request") or 0),
        state=str(end.payload["state"]) if end else "open",
        title=str(facts.get("title", "")),
        url=str(facts.get("url", "")),
        author=str(facts.get("author", "")),
        base=str(facts.get("base", "")),
        head=str(facts.get("head", "")),
        head_sha=str(facts.get("head_sha", "")),
        draft=facts.get("draft") is True,
        opened_at=instant(facts.get("created_at")),
        ended_at=instant(end.payload.get("closed_at")) or end.occurred_at if end else None,
        ended_by=_ended_by(end, told),
        verdicts=_verdicts(own),
        checks=_checks(ordered, str(facts.get("head_sha", ""))),
        deployment=_deployment(ordered, str(facts.get("merge_commit", ""))),
    )


def _end(told: Sequence[Event]) -> Event | None:
    """The event that says that it was merged, or else the last one, when that says that it is closed."""
    merged = [event for event in told if event.payload["state"] == "merged"]
    if merged:
        return merged[0]
    return told[-1] if told and told[-1].payload["state"] == "closed" else None


def _ended_by(end: Event | None, told: Sequence[Event]) -> str:
    if end is None:
        return ""
    if end.payload["state"] == "merged" and end.payload.get("merged_by"):
        return str(end.payload["merged_by"])
    closings = [event for event in told if event.payload.get("fact") == "closed"]
    return str(closings[-1].payload.get("actor", "")) if closings else ""


def _verdicts(own: Sequence[Event]) -> dict[str, str]:
    """Each reviewer's last verdict; a comment is none, and what was dismissed does not count."""
    reviews = [event.payload for event in own if event.payload.get("fact") == "review"]
    dismissed = {said["review"] for said in reviews if said["verdict"] == "dismissed"}
    return {
        str(said["reviewer"]): str(said["verdict"])
        for said in reviews
        if said["verdict"] in ("approved", "changes_requested") and said["review"] not in dismissed
    }


def _checks(ordered: Sequence[Event], head_sha: str) -> tuple[Check, ...]:
    """The last build of each pipeline and the last run of each workflow, as far as they ran on the last commit."""
    pushed = max((event.occurred_at for event in ordered if event.payload.get("fact") == "synchronize"), default=None)
    latest: dict[str, tuple[tuple[Any, ...], Check]] = {}

    def add(key: str, place: tuple[Any, ...], commit: str, began: datetime, check: Check) -> None:
        # A build may name no commit but HEAD, or the merge with the base: then its time decides.
        stale = head_sha and commit != head_sha and pushed is not None and began < pushed
        if not stale and (key not in latest or place > latest[key][0]):
            latest[key] = (place, check)

    for build in _builds(event for event in ordered if event.payload.get("trunk") is False):
        state = _STATE_OF_STAGE.get(build.stage, CheckState.WAITING)
        check = Check(build.name, state, build.url, build.since, build.stage is Stage.BLOCKED)
        began = build.created_at or build.started_at or build.since
        add(f"build {build.slug}", (build.number, build.since, build.build_id), build.commit, began, check)
    for event in ordered:
        said = event.payload
        if said.get("fact") == "check":
            place = (said["run"], said["attempt"], said["status"] == "completed", *standing(event))
            began = instant(said.get("started_at")) or event.occurred_at
            add(f"workflow {said['check']}", place, str(said.get("commit", "")), began, _workflow(event))
    return tuple(latest[key][1] for key in sorted(latest))


def _workflow(event: Event) -> Check:
    said = event.payload
    state = CheckState.WAITING
    if said["status"] == "completed":
        state = _STATE_OF_CONCLUSION.get(str(said["conclusion"]), CheckState.SKIPPED)
    return Check(str(said["check"]), state, str(said.get("check_url", "")), event.occurred_at)


def _deployment(ordered: Sequence[Event], merge_commit: str) -> Build | None:
    """The last build of the merged commit; a deployment before any other build."""
    merged = [
        build
        for build in _builds(event for event in ordered if event.payload.get("trunk") is True)
        # A commit message names any number it likes.
        if not merge_commit or build.commit == merge_commit
    ]
    return max(merged, key=lambda build: (build.deploys, build.since, build.build_id), default=None)


def _builds(events: Iterable[Event]) -> list[Build]:
    grouped: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if is_build(event):
            grouped[str(event.payload["build_id"])].append(event)
    return [builds.fold(group) for group in grouped.values()]
