"""A backlog of good news, told in one message: what ended well while Slack could not be told. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from include.firehose.blocks import context, fallback, fitted, headline, lines_of_text
from include.firehose.designs.style import NEW, OK, clock, counted, day_and_clock
from include.firehose.designs.telling import Message
from include.firehose.redact import mask

SHOWN_SERIES = 30


@dataclass(frozen=True)
class Held:
    """Runs of one series that were not told one by one: how many, and when the first and the last ended."""

    name: str
    count: int
    first: datetime
    last: datetime


def digest_message(held: Sequence[Held], timezone: tzinfo) -> Message:
    """The message for at least one series."""
    ordered = sorted(held, key=lambda one: one.name)
    runs = sum(one.count for one in ordered)
    first, last = min(one.first for one in ordered), max(one.last for one in ordered)
    span = f"{day_and_clock(first, timezone)} - {clock(last, timezone)}"
    title = f"{counted(runs, 'run')} ended well while Slack was not told"
    lines = [f"{OK} {mask(one.name)} · {counted(one.count, 'run')} · {_span(one, timezone)}" for one in ordered]
    blocks = [headline(NEW, title, None, span), lines_of_text(lines[:SHOWN_SERIES])]
    if more := ordered[SHOWN_SERIES:]:
        blocks.append(context(f"and {counted(sum(one.count for one in more), 'run')} of {len(more)} other DAGs"))
    return Message(text=fallback(f"{NEW} {title} · {span}"), blocks=fitted(blocks), attachments=[])


def _span(one: Held, timezone: tzinfo) -> str:
    if one.count == 1:
        return clock(one.last, timezone)
    return f"{clock(one.first, timezone)} - {clock(one.last, timezone)}"
