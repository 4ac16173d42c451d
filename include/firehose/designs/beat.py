"""A missing beat, or many of them at once: red until it comes, then one calm line that says when it came. Pure.

The message shows what is usual and from how many beats that was learned, so that a reader can judge the alarm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.firehose.beats.series import Reason, ScheduleKind, Word
from include.firehose.beats.words import STOPPED_PREFIX
from include.firehose.blocks import Block, clip, context, fallback, fitted, headline, line_with_button
from include.firehose.designs.style import OK, RED, SKIPPED, WAITING, clock, counted, day_and_clock, duration, named
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event, instant
from include.firehose.redact import mask

NAMED_WAITING = 6
LISTED = 20
# From here on lateness reads better in hours.
_MINUTES = 120
_WHY = {
    Reason.NEXT_BEAT: "The next one was due before it came.",
    Reason.DEADLINE: "Its declared deadline has passed.",
    Reason.NEW: "It is too new to know what is usual.",
    Reason.RATE: "So long a silence is less likely than one in a thousand at this time of the week.",
}


@dataclass
class _Owed:
    """What the events say about one beat."""

    name: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    words: dict[Word, Event] = field(default_factory=dict)

    @property
    def over(self) -> bool:
        return any(word in self.words for word in (Word.BACK, Word.EXCUSED, Word.JOINED))

    def time(self, key: str) -> datetime | None:
        """A time of its facts."""
        return instant(self.facts.get(key))


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """One missing beat, or all that went missing together. Raises ValueError when there is no event."""
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    if not ordered:
        raise ValueError("A beat needs at least one event.")
    owed = _fold(ordered)
    together = ordered[0].subject_key.startswith(STOPPED_PREFIX)
    over = all(beat.over for beat in owed)
    message = _stopped(owed, setting) if together else _alone(owed[0], setting)
    return Telling(
        message=message,
        state="over" if over else Word.MISSING.value,
        priority=Priority.MILESTONE if over or setting.silenced else Priority.FAILURE,
        over=over,
        series=STOPPED_PREFIX.rstrip(":") if together else ordered[0].series,
        started_at=ordered[0].occurred_at,
        ended_at=ordered[-1].occurred_at if over else None,
    )


def _fold(ordered: Sequence[Event]) -> list[_Owed]:
    """The beats the events tell of, the one that was due first first."""
    found: dict[tuple[str, str], _Owed] = {}
    for event in ordered:
        key = (str(event.payload.get("expected_at", "")), event.series)
        beat = found.setdefault(key, _Owed())
        beat.name = mask(str(event.payload.get("series_name") or event.series))
        beat.facts = {**beat.facts, **event.payload}
        try:
            beat.words[Word(str(event.payload.get("word")))] = event
        except ValueError:
            continue
    return [found[key] for key in sorted(found)]


def _alone(beat: _Owed, setting: Setting) -> Message:
    if beat.over:
        glyph = OK if Word.BACK in beat.words else SKIPPED
        return _calm(glyph, beat, _outcome(beat, setting), setting)
    said = f"has not come. {_usual(beat, setting)}"
    if beat.facts.get("schedule_kind") == ScheduleKind.RATE:
        said = f"is silent since {_when(beat, 'counted_from', setting)}."
    if setting.silenced:
        return _calm(WAITING, beat, said, setting, setting.silenced)
    return Message(
        text=fallback(f"{WAITING} {beat.name} {said}"),
        blocks=[headline(WAITING, beat.name, beat.facts.get("url") or None, said)],
        attachments=_attached(said, _details(beat, setting), beat.facts.get("url")),
    )


def _calm(glyph: str, beat: _Owed, said: str, setting: Setting, *more: str) -> Message:
    """A beat of which nobody has to do anything."""
    lines = [part for part in (*more, _learned(beat)) if part]
    return Message(
        text=fallback(f"{glyph} {beat.name} {said}"),
        blocks=fitted([headline(glyph, beat.name, beat.facts.get("url") or None, said), *map(context, lines)]),
        attachments=[],
    )


def _attached(said: str, lines: Sequence[str], url: Any) -> list[Block]:
    first, *rest = lines or [said]
    top = line_with_button(first, label="Open", url=str(url), action_id="open_series") if url else context(first)
    return [{"color": RED, "fallback": fallback(said), "blocks": fitted([top, *map(context, rest)])}]


def _usual(beat: _Owed, setting: Setting) -> str:
    """`Usually 06:04-06:19, now 07:02.`; with the days where they are not the same one."""
    since = _when(beat, "missing_at", setting)
    usual_from, usual_to = beat.time("usual_from"), beat.time("usual_to")
    if usual_from is None or usual_to is None:
        return f"Due {_when(beat, 'expected_at', setting)}, now {since}."
    first, last = clock(usual_from, setting.timezone), clock(usual_to, setting.timezone)
    return f"Usually {first if first == last else f'{first}-{last}'}, now {since}."


def _when(beat: _Owed, key: str, setting: Setting) -> str:
    """A time, with its day when that is not the day on which the beat was due."""
    time, due = beat.time(key), beat.time("expected_at")
    if time is None:
        return "?"
    same_day = due is None or time.astimezone(setting.timezone).date() == due.astimezone(setting.timezone).date()
    return clock(time, setting.timezone) if same_day else day_and_clock(time, setting.timezone)


def _details(beat: _Owed, setting: Setting) -> list[str]:
    """Last seen, what waits for it, why it counts as missing, and whom to ask."""
    reason = Reason(beat.facts["reason"]) if beat.facts.get("reason") in set(Reason) else Reason.USUAL
    seen = beat.time("last_seen_at")
    last = f"last seen {day_and_clock(seen, setting.timezone)}" if seen else "never seen before"
    waiting = [mask(str(name)) for name in beat.facts.get("waiting") or ()]
    owner = mask(str(beat.facts.get("owner") or ""))
    lines = [" · ".join(part for part in (last, f"owner {owner}" if owner else "", _learned(beat)) if part)]
    if waiting:
        lines.append("waits for it: " + named(waiting, NAMED_WAITING))
    if reason in _WHY:
        lines.append(_WHY[reason])
    return lines


def _learned(beat: _Owed) -> str:
    count = beat.facts.get("learned_from")
    return f"learned from {counted(count, 'beat')}" if isinstance(count, int) else ""


def _outcome(beat: _Owed, setting: Setting) -> str:
    """What became of a beat nobody waits for any more."""
    if Word.BACK in beat.words:
        return _came(beat, beat.words[Word.BACK].payload, setting)
    if Word.EXCUSED in beat.words:
        return mask(f"is no longer expected. {beat.facts.get('why') or ''}").strip()
    return "is told together with the others that have stopped."


def _came(beat: _Owed, payload: Mapping[str, Any], setting: Setting) -> str:
    came, missed = _when(beat, "arrived_at", setting), payload.get("missed")
    if beat.facts.get("schedule_kind") == ScheduleKind.RATE:
        return f"is heard again since {came}."
    if payload.get("came_expected_at") == payload.get("expected_at"):
        return f"came at {came}, {_late(payload.get('late_seconds'))} late"
    skipped = counted(missed, "beat") if isinstance(missed, int) and missed else "this beat"
    return f"beats again since {came}; {skipped} never came"


def _late(seconds: Any) -> str:
    """`72 min`, and `5h10m` where minutes are too many to imagine."""
    known = float(seconds) if isinstance(seconds, int | float) else 0.0
    return f"{round(known / 60)} min" if known < _MINUTES * 60 else duration(known)


def _stopped(owed: Sequence[_Owed], setting: Setting) -> Message:
    """All that went missing together, in one list."""
    open_beats = [beat for beat in owed if not beat.over]
    times = [event.occurred_at for beat in owed for event in beat.words.values()]
    began, last = clock(min(times), setting.timezone), clock(max(times), setting.timezone)
    if not open_beats:
        said = f"{len(owed)} of {len(owed)} series beat again · {began}-{last}"
        return Message(
            text=fallback(f"{OK} The beat is back · {said}"),
            blocks=[headline(OK, "The beat is back", None, said)],
            attachments=[],
        )
    names = [beat.name for beat in open_beats]
    said = f"{len(open_beats)} of {len(owed)} series have not come since {began}"
    lines = [f"{beat.name}: {_usual(beat, setting)}" for beat in open_beats[:LISTED]]
    if len(open_beats) > LISTED:
        lines.append(f"and {len(open_beats) - LISTED} more")
    hint = "So many at once have one cause: look at Airflow's scheduler and at what they all read from."
    return Message(
        text=fallback(f"{WAITING} The beat has stopped · {said}: {named(names, NAMED_WAITING)}"),
        blocks=[headline(WAITING, "The beat has stopped", setting.airflow_url, said)],
        attachments=[
            {
                "color": RED,
                "fallback": fallback(said),
                "blocks": fitted([context(hint), *(context(clip(line, 300)) for line in lines)]),
            }
        ],
    )
