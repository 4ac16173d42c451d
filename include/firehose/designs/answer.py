"""The digest of meta queries: each question one row, in an order that never changes, so that the eye learns its shape.

What wants a person comes first, in words and with a link; a question that could not be answered says why, so that
silence is never taken for "nothing to report". Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.firehose.blocks import MAX_LINE, Block, clip, context, fallback, fitted, headline, preformatted
from include.firehose.designs.style import (
    FAILED,
    NEW,
    OK,
    RETRIED,
    SKIPPED,
    WAITING,
    counted,
    day_and_clock,
    named,
    sparkline,
)
from include.firehose.designs.telling import Line, Message, Priority, Setting, Telling
from include.firehose.event import Event
from include.firehose.redact import mask

SPARKS = 8
# Of those that want attention or have no answer, how many say why.
NAMED = 8
TITLE_CHARS = 34
VALUE_CHARS = 20
WORDS_CHARS = 60
CHANGE_CHARS = 10
TABLE_CHARS = 5_000
# The table must not be pushed out by what is said around it.
NOTE_CHARS = 240


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The digest of one window; each event is the answer to one question.

    An event's payload: `title`, `position` (its row, from 0), `of` (how many questions the window has), `value` and
    `words` (`4.21 credits`, `for the last whole day`), `change`, `history` (numbers, oldest first), `new` and `gone`
    (names), `window` (the digest's title), `page` and `url` (where all answers stand, and where this one does); and,
    each only when there is something to say, `attention` (a sentence), `failed` or `silent` (why there is no answer),
    `expired` (entries of the keep-list).
    """
    rows = _last_told(events)
    expected = max((_int(event.payload.get("of")) for event in rows), default=0)
    ended = max(event.occurred_at for event in rows)
    failed, wanted, silent = ([event for event in rows if event.payload.get(key)] for key in _MARKS)
    over = len(rows) >= expected
    counts = [counted(len(rows), "question")]
    counts += [f"failed: {len(failed)}"] if failed else []
    counts += [f"attention: {len(wanted)}"] if wanted else []
    counts += [f"no answer: {len(silent)}"] if silent else []
    counts += [f"{expected - len(rows)} to come"] if not over else []
    glyph = WAITING if not over else FAILED if failed else RETRIED if wanted else OK
    title = mask(str(rows[0].payload.get("window") or "Meta layer"))
    page = next((str(event.payload["page"]) for event in rows if event.payload.get("page")), None)
    blocks: list[Block] = [
        headline(glyph, title, page, day_and_clock(ended, setting.timezone)),
        context(" · ".join(counts)),
        *_notes(FAILED, "failed", failed),
        *_notes(RETRIED, "attention", wanted),
        preformatted(_table([event.payload for event in rows]), TABLE_CHARS),
        *[context(mask(f"{SKIPPED} {_title(event.payload)}: {event.payload['silent']}")) for event in silent[:NAMED]],
        *[context(mask(f"{RETRIED} {_expired(event.payload)}")) for event in rows if event.payload.get("expired")],
    ]
    return Telling(
        message=Message(fallback(" · ".join([f"{glyph} {title}", *counts])), fitted(blocks), []),
        state="told" if over else "waiting",
        priority=Priority.MILESTONE,
        over=over,
        series=rows[0].series,
        ended_at=ended,
        lines=tuple(_line(event) for event in rows if event.payload.get("new") or event.payload.get("gone")),
    )


# The first that a payload has is its row's mark.
_MARKS: Mapping[str, str] = {"failed": FAILED, "attention": RETRIED, "silent": SKIPPED}


def _last_told(events: Sequence[Event]) -> list[Event]:
    """One event per question, in the window's order: the last one, when its run was cleared and told again."""
    told = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    last = {(_int(event.payload.get("position")), str(event.payload.get("question"))): event for event in told}
    return [last[key] for key in sorted(last)]


def _table(payloads: Sequence[Mapping[str, Any]]) -> str:
    """`●  4.21 credits  for the last whole day  +3 %  ▁▂▃▃▄▄▅`, each column as wide as what is in it."""
    cells = [_cells(payload) for payload in payloads]
    value, words, change = (max(len(row[place]) for row in cells) for place in range(3))
    lines = [
        f"{_mark(payload)} {row[0]:>{value}}  {row[1]:<{words}}  {row[2]:>{change}}  {row[3]}".rstrip()
        for payload, row in zip(payloads, cells, strict=True)
    ]
    return mask("\n".join(lines))


def _mark(payload: Mapping[str, Any]) -> str:
    return next((glyph for key, glyph in _MARKS.items() if payload.get(key)), OK)


def _cells(payload: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Value and words read as one sentence; without an answer the question's title stands there."""
    numbers = [float(number) for number in payload.get("history") or () if isinstance(number, (int, float))]
    return (
        _one_line(payload.get("value") or "–", VALUE_CHARS),
        _one_line(payload.get("words") or payload.get("title") or "?", WORDS_CHARS),
        _one_line(payload.get("change") or "", CHANGE_CHARS),
        sparkline(numbers[-SPARKS:]),
    )


def _notes(glyph: str, key: str, events: Sequence[Event]) -> list[Block]:
    """What each of the first says, after its linked title."""
    return [
        headline(
            glyph,
            _title(event.payload),
            str(event.payload.get("url") or ""),
            _one_line(event.payload[key], NOTE_CHARS),
        )
        for event in events[:NAMED]
    ]


def _line(event: Event) -> Line:
    """What is new in one answer since the last digest, and what is no longer there, in the thread."""
    new, gone = ([str(item) for item in event.payload.get(key) or ()] for key in ("new", "gone"))
    said = ", ".join(new) if new else ""
    said += f"{' · ' if said else ''}no longer: {', '.join(gone)}" if gone else ""
    return Line(event_id=event.event_id, text=clip(mask(f"{NEW} {_title(event.payload)}: {said}"), MAX_LINE))


def _expired(payload: Mapping[str, Any]) -> str:
    entries = [mask(str(entry)) for entry in payload["expired"]]
    return f"Run out in keep.yml, remove it or give it a new date: {named(entries, 3)}"


def _title(payload: Mapping[str, Any]) -> str:
    return _one_line(payload.get("title") or "?", TITLE_CHARS)


def _one_line(value: Any, limit: int) -> str:
    # Masked before it is cut: half a secret would no longer be known as one.
    return clip(mask(str(value)).replace("\n", " "), limit)


def _int(value: Any) -> int:
    return value if isinstance(value, int) else 0
