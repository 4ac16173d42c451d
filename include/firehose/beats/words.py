"""What the watch says about a beat, as events. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from include.firehose.beats.rule import learn
from include.firehose.beats.series import Beat, Series, Word
from include.firehose.event import Event, Kind
from include.settings.vocabulary import Severity

STOPPED_PREFIX = "beat:stopped:"
NAMED_WAITING = 50


def stopped_key(now: datetime) -> str:
    """The subject of the message that says that everything has stopped."""
    return f"{STOPPED_PREFIX}{now.astimezone(UTC).isoformat()}"


def missing(beat: Beat, series: Series, *, word: Word, waiting: Sequence[str]) -> Event:
    """The beat has not come; `word` is MISSING, or STOPPED where it was told before on its own.

    `waiting` are the names of those who wait for it. `usual_from` and `usual_to` are when it usually comes, a tenth of
    the times aside; they are left out while nothing is learned.
    """
    learned = learn(series.delays)
    payload: dict[str, Any] = {
        "missing_at": beat.missing_at.isoformat(),
        "reason": beat.reason.value,
        "waiting": list(waiting[:NAMED_WAITING]),
    }
    if learned is not None:
        payload["usual_from"] = (beat.counted_from + timedelta(seconds=learned.early)).isoformat()
        payload["usual_to"] = (beat.counted_from + timedelta(seconds=learned.late)).isoformat()
        payload["learned_from"] = learned.count
    if series.last_seen_at is not None:
        payload["last_seen_at"] = series.last_seen_at.isoformat()
    return _event(beat, series, word, beat.missing_at, payload, Severity.ERROR)


def back(beat: Beat, series: Series, *, arrived_at: datetime, came: Beat, missed: int) -> Event:
    """The series beats again: `came` is the beat that has come, this one or a later one.

    `missed` counts the beats of the series that never came, this one included if it did not.
    """
    payload = {
        "arrived_at": arrived_at.isoformat(),
        "late_seconds": max(0.0, (arrived_at - beat.expected_at).total_seconds()),
        "came_expected_at": came.expected_at.isoformat(),
        "missed": missed,
    }
    return _event(beat, series, Word.BACK, arrived_at, payload, Severity.INFO)


def excused(beat: Beat, series: Series, *, now: datetime, why: str) -> Event:
    """Nobody waits for the beat any more; `why` is a sentence."""
    return _event(beat, series, Word.EXCUSED, now, {"why": why}, Severity.INFO)


def joined(beat: Beat, series: Series, *, now: datetime, stopped: str) -> Event:
    """The beat is told in the message `stopped` from now on."""
    return _event(beat, series, Word.JOINED, now, {"joined": stopped}, Severity.INFO)


def _event(
    beat: Beat, series: Series, word: Word, occurred_at: datetime, payload: Mapping[str, Any], severity: Severity
) -> Event:
    schedule = series.schedule
    facts = {
        "word": word.value,
        "series_name": schedule.name,
        "schedule_kind": schedule.kind.value,
        "expected_at": beat.expected_at.astimezone(UTC).isoformat(),
        "counted_from": beat.counted_from.astimezone(UTC).isoformat(),
        "owner": schedule.owner,
        "url": schedule.url,
    }
    return Event(
        event_id=beat.event_id(word),
        kind=Kind.BEAT,
        series=schedule.series,
        subject_key=beat.subject_key or beat.key,
        occurred_at=occurred_at,
        severity=severity,
        payload={**facts, **payload},
    )
