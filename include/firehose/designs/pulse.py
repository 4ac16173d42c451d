"""The daily pulse: yesterday in one line, what it was made of below, and a red bar only for what is wrong. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.firehose.blocks import Block, clip, context, fallback, fitted, headline
from include.firehose.designs.style import FAILED, OK, RED, RETRIED, amount, counted, duration, named
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event, Kind, RunState
from include.firehose.redact import mask

NAMED = 6
SILENCES_IN_LINE = 2
PROBLEM_CHARS = 500
# One word of a kind's events each; a kind that is not here is shown by its own name.
_NOUNS = {
    Kind.TASK: "tasks",
    Kind.RUN: "runs",
    Kind.DAG_FILE: "DAG files",
    Kind.HEALTH: "health",
    Kind.ANSWER: "answers",
    Kind.PULL_REQUEST: "pull requests",
    Kind.PUSH: "pushes",
    Kind.BUILD: "builds",
    Kind.BEAT: "beats",
    Kind.PULSE: "pulses",
    Kind.DIGEST: "digests",
}


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The pulse of one day. Raises ValueError when no event is a pulse."""
    pulses = [event for event in events if event.kind is Kind.PULSE]
    if not pulses:
        raise ValueError("A pulse's message needs its event.")
    pulse = max(pulses, key=lambda event: (event.occurred_at, event.event_id))
    facts = pulse.payload
    wrong = _wrong(facts)
    warned = any(facts.get(name) for name in ("late", "expired_silences", "silences_problem"))
    glyph = FAILED if wrong else RETRIED if warned else OK
    title = f"Yesterday, {facts['date']}"
    rest = " · ".join(mask(part, secrets=setting.secrets) for part in _line(facts))
    details = [context(mask(line, secrets=setting.secrets)) for line in _details(facts)]
    text = " · ".join([*(sentence for sentence, _ in wrong), f"{title}: {rest}"])
    message = Message(
        text=fallback(f"{glyph} {text}"),
        blocks=fitted([headline(glyph, title, None, rest), *details]),
        attachments=[_red(sentence, advice) for sentence, advice in wrong],
    )
    return Telling(
        message=message,
        state="wrong" if wrong else "warning" if glyph == RETRIED else "ok",
        priority=Priority.FAILURE if wrong else Priority.MILESTONE,
        over=True,
        series=pulse.series,
        started_at=pulse.occurred_at,
        ended_at=pulse.occurred_at,
    )


def _line(facts: Mapping[str, Any]) -> list[str]:
    """`1,284 events · 96 messages · 0 unaccounted · seen by callback 97 % · oldest waiting 2s`, and what ran out."""
    seen, of = facts["callback"]["seen"], facts["callback"]["of"]
    waiting, silences = facts["waiting_seconds"], _lines(facts, "expired_silences")
    parts = [
        counted(facts["events"], "event"),
        counted(facts["messages"], "message"),
        f"{amount(facts['unaccounted'])} unaccounted",
        f"seen by callback {_percent(seen, of)}" if of else "",
        "nothing waiting" if waiting is None else f"oldest waiting {duration(waiting)}",
    ]
    if silences:
        have = "silence has" if len(silences) == 1 else "silences have"
        parts.append(f"{len(silences)} {have} run out ({named(silences, SILENCES_IN_LINE)})")
    if facts.get("silences_problem"):
        parts.append("the file of silences cannot be used")
    return [part for part in parts if part]


def _details(facts: Mapping[str, Any]) -> list[str]:
    """The counts by kind and the runs by state; the series that were late; what is wrong with the silences."""
    kinds = [(_NOUNS.get(kind, kind), number) for kind, number in facts["kinds"].items()]
    by_kind = [f"{noun} {amount(number)}" for noun, number in sorted(kinds, key=lambda pair: (-pair[1], pair[0]))]
    runs = facts["runs"]
    ended = [f"{amount(runs[state])} {glyph}" for state, glyph in _ENDS if runs.get(state)]
    lines = [" · ".join(by_kind), f"runs ended  {'  '.join(ended)}" if ended else ""]
    if late := _lines(facts, "late"):
        lines.append(f"{RETRIED} {len(late)} late: {named(late, NAMED)}")
    if problem := " ".join(str(facts.get("silences_problem") or "").split()):
        lines.append(
            f"{RETRIED} The silences declared before hold until this is mended: {clip(problem, PROBLEM_CHARS)}"
        )
    return [line for line in lines if line]


_ENDS = ((RunState.SUCCESS.value, OK), (RunState.FAILED.value, FAILED))


def _wrong(facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong, each with what to check."""
    found = []
    seen, of = facts["callback"]["seen"], facts["callback"]["of"]
    if facts["callbacks_silent"]:
        found.append(
            (
                f"callbacks silent: {_percent(seen, of)} seen via callback",
                f"{amount(of - seen)} of {amount(of)} task events came by another road only. Check that the image of "
                "every worker has airflow_local_settings on its path, with this package importable, and reaches the "
                "outbox (FIREHOSE_DSN): without the policy a worker says nothing and fails nothing.",
            )
        )
    if facts["unaccounted"]:
        found.append(
            (
                f"{amount(facts['unaccounted'])} unaccounted",
                "`python -m include.firehose audit --hours 48` names each of them and says what to do.",
            )
        )
    return found


def _red(sentence: str, advice: str) -> Block:
    blocks = [headline(FAILED, sentence, None, ""), context(advice)]
    return {"color": RED, "fallback": fallback(sentence), "blocks": blocks}


def _percent(seen: int, of: int) -> str:
    """Rounded down, so that 100 % means all."""
    return f"{100 * seen // of} %"


def _lines(facts: Mapping[str, Any], name: str) -> list[str]:
    return [clip(str(line), 120) for line in facts.get(name) or ()]
