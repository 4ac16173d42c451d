"""The message of a build of the default branch, a tag or a deploy pipeline: one line, kept current. Pure.

A build at a block step looks finished to Buildkite's webhooks; here it waits until somebody has unblocked it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from include.firehose.blocks import Block, clip, context, fallback, fitted, headline, line_with_button
from include.firehose.build import Build, Stage, fold, stage_of, standing
from include.firehose.designs.style import (
    FAILED,
    NEW,
    OK,
    RED,
    SKIPPED,
    WAITING,
    clock,
    day_and_clock,
    duration,
    middle,
    ordinal,
)
from include.firehose.designs.telling import Line, Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.redact import mask

# A usual time is worth showing from this many earlier builds on.
USUAL_BUILDS = 5
GLYPH = {
    Stage.SCHEDULED: WAITING,
    Stage.RUNNING: NEW,
    Stage.FAILING: FAILED,
    Stage.BLOCKED: WAITING,
    Stage.UNBLOCKED: NEW,
    Stage.SKIPPED: SKIPPED,
    Stage.NOT_RUN: SKIPPED,
    Stage.CANCELED: SKIPPED,
    Stage.PASSED: OK,
    Stage.FAILED: FAILED,
}
# The outbox's words: those of a run where there are such, because the usual duration is learned from `success`.
_STATE = {Stage.PASSED: "success", Stage.UNBLOCKED: "running"}
_LINES = {Stage.FAILING: "is failing", Stage.BLOCKED: "waits for somebody to unblock", Stage.UNBLOCKED: "unblocked"}


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The message of one build; `events` are all of its, in any order."""
    build = fold(events)
    wrong = build.stage in (Stage.FAILED, Stage.FAILING)
    return Telling(
        message=_message(build, setting, wrong=wrong),
        state=_STATE.get(build.stage, build.stage.value),
        priority=_priority(build, wrong=wrong and not setting.silenced),
        over=build.over,
        series=f"bk:pipeline:{build.slug}",
        started_at=build.started_at,
        ended_at=build.since if build.over else None,
        lines=tuple(_lines(events, setting)),
    )


def _priority(build: Build, *, wrong: bool) -> Priority:
    if wrong:
        return Priority.FAILURE
    return Priority.PROGRESS if build.stage is Stage.SCHEDULED else Priority.MILESTONE


def _message(build: Build, setting: Setting, *, wrong: bool) -> Message:
    title = mask(build.name, secrets=setting.secrets)
    what = mask(f"{build.branch} {build.short_commit}".strip(), secrets=setting.secrets)
    facts = [_progress(build, setting), *_context(build, setting)]
    glyph = GLYPH[build.stage]
    return Message(
        text=fallback(f"{glyph} {title} {what} · " + " · ".join(facts)),
        blocks=fitted([headline(glyph, title, build.url or None, what), context(" · ".join(facts))]),
        attachments=_failure(build, setting) if wrong and not setting.silenced else [],
    )


def _progress(build: Build, setting: Setting) -> str:
    """`started 06:02`, `deployed in 4m12s`: what the build did last."""
    at = clock(build.since, setting.timezone)
    took = f" in {duration(build.seconds)}" if build.seconds is not None else ""
    return {
        Stage.SCHEDULED: f"waits for an agent since {at}",
        Stage.RUNNING: f"started {at}",
        Stage.FAILING: f"is failing since {at}",
        Stage.BLOCKED: f"waits for somebody to unblock since {at}",
        Stage.UNBLOCKED: f"unblocked {at}",
        Stage.SKIPPED: "skipped: a newer build takes its place",
        Stage.NOT_RUN: "not run",
        Stage.CANCELED: f"cancelled {at}",
        Stage.PASSED: ("deployed" if build.deploys else "passed") + took,
        Stage.FAILED: "failed" + took.replace(" in ", " after "),
    }[build.stage]


def _context(build: Build, setting: Setting) -> list[str]:
    facts = []
    if build.over and build.started_at:
        facts.append(f"started {_start(build.started_at, build.since, setting)}")
    if not build.over and (usual := _usual(setting)):
        facts.append(f"usual {usual}")
    if build.creator:
        facts.append(f"by {mask(build.creator, secrets=setting.secrets)}")
    if build.rebuilt_from:
        facts.append(f"again after #{build.rebuilt_from}")
    if build.message:
        facts.append(clip(mask(build.message, secrets=setting.secrets), 120))
    if setting.silenced:
        facts.append(f"silenced: {mask(setting.silenced, secrets=setting.secrets)}")
    return facts


def _start(started: datetime, ended: datetime, setting: Setting) -> str:
    """The time it began; with the day when that was not the day of its end (somebody let it wait over night)."""
    days = {time.astimezone(setting.timezone).date() for time in (started, ended)}
    return (clock if len(days) == 1 else day_and_clock)(started, setting.timezone)


def _usual(setting: Setting) -> str:
    span = middle(setting.usual_seconds) if len(setting.usual_seconds) >= USUAL_BUILDS else None
    if span is None:
        return ""
    low, high = duration(span[0]), duration(span[1])
    return low if low == high else f"{low}-{high}"


def _failure(build: Build, setting: Setting) -> list[Block]:
    """What failed, under a red bar."""
    said = "is failing" if build.stage is Stage.FAILING else "failed"
    repeated = setting.failures_in_a_row.get(build.event_id, 0)
    if repeated > 1:
        said += f" for the {ordinal(repeated)} time in a row"
    line = mask(f"{FAILED} {build.name} {said}", secrets=setting.secrets)
    block = line_with_button(line, label="Build", url=build.url, action_id="open_build") if build.url else context(line)
    return [{"color": RED, "fallback": fallback(line), "blocks": [block]}]


def _lines(events: Sequence[Event], setting: Setting) -> list[Line]:
    """What happened between the beginning and the end."""
    lines = []
    for event in sorted(events, key=standing):
        said = _LINES.get(stage_of(event))
        if said is None:
            continue
        by = event.payload.get("unblocked_by")
        if by:
            said += f" by {by}"
        text = f"{GLYPH[stage_of(event)]} {clock(event.occurred_at, setting.timezone)} {said}"
        lines.append(Line(event.event_id, mask(text, secrets=setting.secrets)))
    return lines
