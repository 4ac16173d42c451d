"""The message of a push to a default branch that no pull request brought. Pure.

What comes through a pull request is told there; a push past all of them is the one that nobody else would see.
"""

from __future__ import annotations

from collections.abc import Sequence

from include.firehose.blocks import context, fallback, fitted, headline
from include.firehose.designs.style import NEW, RETRIED, clock, counted
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.redact import mask


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The message of one push; `events` is that push, however often it was reported. Raises ValueError without one."""
    if not events:
        raise ValueError("A push needs an event.")
    event = min(events, key=lambda event: event.event_id)
    said = {name: mask(str(value), secrets=setting.secrets) for name, value in event.payload.items()}
    forced = event.payload.get("forced") is True
    glyph = RETRIED if forced else NEW
    title = f"{said.get('repository', '')} {said.get('branch', '')}".strip()
    facts = [
        f"{'force-pushed' if forced else 'pushed'} {clock(event.occurred_at, setting.timezone)}"
        + (f" by {said['pusher']}" if said.get("pusher") else ""),
        counted(int(event.payload.get("commits") or 0), "commit"),
        "without a pull request",
    ]
    head = f"{said.get('after', '')[:7]} {said.get('message', '')}".strip()
    return Telling(
        message=Message(
            text=fallback(" · ".join([f"{glyph} {title} {head}", *facts])),
            blocks=fitted([headline(glyph, title, event.payload.get("url") or None, head), context(" · ".join(facts))]),
            attachments=[],
        ),
        state="pushed",
        priority=Priority.MILESTONE,
        over=True,
        series=event.series,
        started_at=event.occurred_at,
        ended_at=event.occurred_at,
    )
