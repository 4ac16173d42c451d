"""The digest of meta queries: each question one row, in an order that never changes, so that the eye learns its shape.

A question that wants attention is marked; one that could not be answered says why, so that silence is never taken for
"nothing to report". Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.firehose.blocks import MAX_LINE, Block, clip, context, fallback, fitted, headline, preformatted
from include.firehose.designs.style import NEW, OK, RETRIED, SKIPPED, WAITING, counted, day_and_clock, sparkline
from include.firehose.designs.telling import Line, Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.redact import clean, mask

SPARKS = 14
# Of those that want attention or have no answer, how many say why below the table.
NAMED = 8
TITLE_CHARS = 34
VALUE_CHARS = 24
CHANGE_CHARS = 10
TABLE_CHARS = 6_000


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The digest of one window; each event is the answer to one question.

    An event's payload: `title`, `position` (its row, from 0), `of` (how many questions the window has), `value` and
    `change` (texts), `history` (numbers, oldest first), `attention` (a sentence, or absent), `silent` (why there is no
    answer, or absent), `url`, `window` (the digest's title).
    """
    rows = sorted(events, key=lambda event: (_int(event.payload.get("position")), event.event_id))
    expected = max((_int(event.payload.get("of")) for event in rows), default=0)
    ended = max(event.occurred_at for event in rows)
    wanted = [event for event in rows if event.payload.get("attention")]
    silent = [event for event in rows if event.payload.get("silent")]
    over = len(rows) >= expected
    counts = [counted(len(rows), "question")]
    counts += [f"attention: {len(wanted)}"] if wanted else []
    counts += [f"no answer: {len(silent)}"] if silent else []
    counts += [f"{expected - len(rows)} to come"] if not over else []
    glyph = WAITING if not over else RETRIED if wanted else OK
    title = mask(str(rows[0].payload.get("window") or "Meta layer"))
    blocks: list[Block] = [
        headline(glyph, title, _url(rows), day_and_clock(ended, setting.timezone)),
        context(" · ".join(counts)),
        preformatted("\n".join(_row(event.payload) for event in rows), TABLE_CHARS),
    ]
    for mark, key, found in ((RETRIED, "attention", wanted), (SKIPPED, "silent", silent)):
        blocks += [context(mask(f"{mark} {_title(event.payload)}: {event.payload[key]}")) for event in found[:NAMED]]
    return Telling(
        message=Message(fallback(" · ".join([f"{glyph} {title}", *counts])), fitted(blocks), []),
        state="told" if over else "waiting",
        priority=Priority.MILESTONE,
        over=over,
        series=rows[0].series,
        ended_at=ended,
        lines=tuple(_line(event) for event in rows if event.payload.get("new")),
    )


def _row(payload: Mapping[str, Any]) -> str:
    """`● Spend, last day      4.21 credits     +3 %  ▁▂▃▃▄▄▅`."""
    glyph = SKIPPED if payload.get("silent") else RETRIED if payload.get("attention") else OK
    value = clip(str(payload.get("value") or "-"), VALUE_CHARS)
    change = clip(str(payload.get("change") or ""), CHANGE_CHARS)
    numbers = [float(number) for number in payload.get("history") or () if isinstance(number, (int, float))]
    spark = sparkline(numbers[-SPARKS:])
    row = f"{glyph} {_title(payload):<{TITLE_CHARS}} {value:>{VALUE_CHARS}} {change:>{CHANGE_CHARS}} {spark}"
    return mask(row).rstrip()


def _line(event: Event) -> Line:
    """What is new in one answer since the last digest, in the thread."""
    new = [str(item) for item in event.payload["new"]]
    text = clip(f"{NEW} {_title(event.payload)}: " + ", ".join(new), MAX_LINE)
    return Line(event_id=event.event_id, text=mask(text))


def _title(payload: Mapping[str, Any]) -> str:
    return clip(clean(str(payload.get("title") or "?")).replace("\n", " "), TITLE_CHARS)


def _url(rows: Sequence[Event]) -> str | None:
    return next((str(event.payload["url"]) for event in rows if event.payload.get("url")), None)


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0
