"""The message of a pull request: opened, checked, reviewed, merged, deployed, in one line that is kept current. Pure.

Who did what and when stands in its thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.firehose.blocks import Block, context, fallback, fitted, headline, line_with_button
from include.firehose.build import Stage, stage_of
from include.firehose.designs import deployment
from include.firehose.designs.style import (
    FAILED,
    NEW,
    OK,
    RED,
    RETRIED,
    SKIPPED,
    WAITING,
    clock,
    counted,
    day_and_clock,
    named,
)
from include.firehose.designs.telling import Line, Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.pull_request import Check, CheckState, PullRequest, fold, is_build, standing
from include.firehose.redact import mask

NAMED = 3
_CHECK_GLYPH = {
    CheckState.PASSED: OK,
    CheckState.FAILED: FAILED,
    CheckState.SKIPPED: SKIPPED,
    CheckState.WAITING: WAITING,
}
_FACTS = {
    "reopened": "reopened",
    "ready_for_review": "marked ready for review",
    "converted_to_draft": "made a draft",
    "edited": "retitled",
}
_VERDICTS = {
    "approved": (OK, "approved"),
    "changes_requested": (RETRIED, "asked for changes"),
    "commented": (WAITING, "commented"),
    "dismissed": (SKIPPED, "had the review dismissed"),
}
_BUILD_LINES = {
    Stage.PASSED: "passed",
    Stage.FAILED: "failed",
    Stage.BLOCKED: "waits for somebody to unblock",
    Stage.CANCELED: "was cancelled",
}


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The message of one pull request; `events` are all of its, in any order."""
    found = fold(events)
    wrong = found.state == "open" and found.count(CheckState.FAILED) > 0
    return Telling(
        message=_message(found, setting, wrong=wrong and not setting.silenced),
        state=found.state,
        priority=_priority(found, wrong=wrong and not setting.silenced),
        over=found.state != "open",
        series=f"gh:pull_requests:{found.repository.lower()}",
        started_at=found.opened_at,
        ended_at=found.ended_at,
        lines=tuple(_lines(events, setting)),
    )


def _priority(found: PullRequest, *, wrong: bool) -> Priority:
    if wrong:
        return Priority.FAILURE
    running = found.state == "open" and found.count(CheckState.WAITING) > 0
    return Priority.PROGRESS if running else Priority.MILESTONE


def _message(found: PullRequest, setting: Setting, *, wrong: bool) -> Message:
    def masked(text: str) -> str:
        return mask(text, secrets=setting.secrets)

    glyph = _glyph(found)
    name = masked(f"{found.repository.rpartition('/')[2]} #{found.number}")
    title = masked(found.title)
    standing_facts = [masked(fact) for fact in _standing_facts(found, setting)]
    branches = f"{found.head} → {found.base}" if found.head and found.base else ""
    origin = [masked(part) for part in (f"by {found.author}" if found.author else "", branches) if part]
    return Message(
        text=fallback(" · ".join([f"{glyph} {name} {title}".strip(), *standing_facts])),
        blocks=fitted(
            [headline(glyph, name, found.url or None, title), context(" · ".join([*standing_facts, *origin]))]
        ),
        attachments=_failure(found, setting) if wrong else [],
    )


def _glyph(found: PullRequest) -> str:
    if found.state == "merged":
        return FAILED if found.deployment and found.deployment.stage is Stage.FAILED else OK
    if found.state == "closed":
        return SKIPPED
    # A build of the merged commit, of a pull request that nobody has told of.
    if found.deployment:
        return deployment.GLYPH[found.deployment.stage]
    if found.count(CheckState.FAILED):
        return FAILED
    if found.reviewers("changes_requested"):
        return RETRIED
    if found.draft or found.count(CheckState.WAITING):
        return WAITING
    return OK if found.reviewers("approved") else NEW


def _standing_facts(found: PullRequest, setting: Setting) -> list[str]:
    """`merged 06:10 by bob`, `2 ● 1 ◌`, `approved by bob`, `deployed 06:15`: where it stands."""
    facts = []
    by = f" by {found.ended_by}" if found.ended_by else ""
    at = f" {clock(found.ended_at, setting.timezone)}" if found.ended_at else ""
    if found.state == "merged":
        facts.append(f"merged{at}{by}")
    elif found.state == "closed":
        facts.append(f"closed without a merge{at}{by}")
    elif found.draft:
        facts.append("draft")
    elif found.opened_at:
        facts.append(f"opened {day_and_clock(found.opened_at, setting.timezone)}")
    facts += _deployed(found, setting)
    if found.checks and found.state == "open":
        facts.append("checks " + _tally(found))
    if any(check.blocked for check in found.checks) and found.state == "open":
        facts.append("a check waits for somebody to unblock")
    if asked := found.reviewers("changes_requested"):
        facts.append(f"changes asked for by {named(asked, NAMED)}")
    if approved := found.reviewers("approved"):
        facts.append(f"approved by {named(approved, NAMED)}")
    return facts


def _deployed(found: PullRequest, setting: Setting) -> list[str]:
    build = found.deployment
    if build is None:
        return []
    at = clock(build.since, setting.timezone)
    if build.stage is Stage.FAILED:
        return [f"{build.name} failed {at}"]
    return [f"deployed {at} with {build.name}" if build.deploys else f"{build.name} passed {at}"]


def _tally(found: PullRequest) -> str:
    order = (CheckState.PASSED, CheckState.FAILED, CheckState.SKIPPED, CheckState.WAITING)
    return " ".join(f"{found.count(state)} {_CHECK_GLYPH[state]}" for state in order if found.count(state))


def _failure(found: PullRequest, setting: Setting) -> list[Block]:
    """The checks that failed, under a red bar."""
    failed = [check for check in found.checks if check.state is CheckState.FAILED]
    blocks = [_failed_check(check, setting) for check in failed[:NAMED]]
    if len(failed) > NAMED:
        blocks.append(context(f"and {counted(len(failed) - NAMED, 'more check')}"))
    names = mask(named([check.name for check in failed], NAMED), secrets=setting.secrets)
    return [{"color": RED, "fallback": fallback(f"failed: {names}"), "blocks": fitted(blocks)}]


def _failed_check(check: Check, setting: Setting) -> Block:
    line = mask(f"{FAILED} {check.name} failed {clock(check.since, setting.timezone)}", secrets=setting.secrets)
    return line_with_button(line, label="Check", url=check.url, action_id="open_check") if check.url else context(line)


def _lines(events: Sequence[Event], setting: Setting) -> list[Line]:
    lines = []
    for event in sorted(events, key=standing):
        said = _build_line(event) if is_build(event) else _own_line(event)
        if said:
            glyph, text = said
            at = clock(event.occurred_at, setting.timezone)
            lines.append(Line(event.event_id, mask(f"{glyph} {at} {text}", secrets=setting.secrets)))
    return lines


def _own_line(event: Event) -> tuple[str, str] | None:
    said = event.payload
    fact, actor = said.get("fact"), str(said.get("actor") or "somebody")
    if fact == "review":
        glyph, text = _VERDICTS[said["verdict"]]
        return glyph, f"{said.get('reviewer') or 'somebody'} {text}"
    if fact == "check":
        if said["status"] != "completed":
            return None
        failed = said["conclusion"] in ("failure", "timed_out", "startup_failure")
        glyph = OK if said["conclusion"] == "success" else FAILED if failed else SKIPPED
        return glyph, f"{said['check']} {str(said['conclusion']).replace('_', ' ')}"
    if fact == "synchronize":
        return NEW, f"{actor} pushed {str(said.get('head_sha', ''))[:7]}"
    if fact == "closed":
        return (OK, f"{actor} merged") if said.get("state") == "merged" else (SKIPPED, f"{actor} closed")
    told = _FACTS.get(str(fact))
    return (NEW, f"{actor} {told}") if told else None


def _build_line(event: Event) -> tuple[str, str] | None:
    stage = stage_of(event)
    text = _BUILD_LINES.get(stage)
    if text is None:
        return None
    said = event.payload
    if stage is Stage.PASSED and said.get("trunk") and said.get("deploys"):
        text = "deployed"
    number = f" #{said['build_number']}" if said.get("build_number") else ""
    return deployment.GLYPH[stage], f"{said.get('pipeline') or 'build'}{number} {text}"
