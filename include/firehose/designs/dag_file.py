"""A DAG file that cannot be imported: red while it is broken, one calm line when it is over. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from include.firehose.blocks import Block, context, fallback, fitted, headline, preformatted
from include.firehose.designs.style import FAILED, OK, RED, clock, duration
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.redact import clean, mask

BROKEN, MENDED = "broken", "mended"
ERROR_CHARS = 200
TRACE_CHARS = 800
TRACE_LINES = 8
_CONSEQUENCE = "Until it can be imported its DAGs start no runs, and runs under way start no tasks."


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """One time that a file was broken, from the first error to the end of it.

    Raises ValueError when there is no event.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    if not ordered:
        raise ValueError("A broken DAG file needs at least one event.")
    began, mended = ordered[0], [event for event in ordered if event.payload.get("state") == MENDED]
    over = mended[-1] if mended else None
    name = mask(str(began.payload.get("file", "")), secrets=setting.secrets)
    message = _mended(name, began, over, setting) if over else _broken(name, ordered[-1], began, setting)
    return Telling(
        message=message,
        state=MENDED if over else BROKEN,
        priority=Priority.MILESTONE if over or setting.silenced else Priority.FAILURE,
        over=over is not None,
        series=began.series,
        started_at=began.occurred_at,
        ended_at=over.occurred_at if over else None,
    )


def _broken(name: str, latest: Event, began: Event, setting: Setting) -> Message:
    error = mask(str(latest.payload.get("error", "")), secrets=setting.secrets)
    since = clock(began.occurred_at, setting.timezone)
    blocks: list[Block] = [
        preformatted(_trace(latest, setting) or error, TRACE_CHARS),
        context(_CONSEQUENCE),
    ]
    return Message(
        text=fallback(f"{FAILED} {name} cannot be imported · {error[:ERROR_CHARS]}"),
        blocks=[headline(FAILED, name, f"{setting.airflow_url}/", f"cannot be imported · since {since}")],
        attachments=[{"color": RED, "fallback": fallback(error), "blocks": fitted(blocks)}],
    )


def _mended(name: str, began: Event, over: Event, setting: Setting) -> Message:
    # Airflow forgets the error of a file that was removed as well.
    said = "is imported again, or removed"
    took = duration((over.occurred_at - began.occurred_at).total_seconds())
    when = f"{clock(began.occurred_at, setting.timezone)}-{clock(over.occurred_at, setting.timezone)}"
    rest = f"{said} · was broken {when} ({took})"
    return Message(
        text=fallback(f"{OK} {name} {rest}"),
        blocks=[headline(OK, name, f"{setting.airflow_url}/", rest)],
        attachments=[],
    )


def _trace(event: Event, setting: Setting) -> str:
    """The end of the trace: where it happened, and what."""
    lines = clean(str(event.payload.get("trace", ""))).rstrip().splitlines()
    return mask("\n".join(lines[-TRACE_LINES:]), secrets=setting.secrets)[-TRACE_CHARS:]
