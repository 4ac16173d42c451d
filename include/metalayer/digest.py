"""The digest: what a window of questions was answered, as events that the firehose tells in its one channel.

The task that has asked a question writes down what a person should hear of it, and the digest only puts those rows
together. So it can be told while the warehouse is away, and says then that it is. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from include.firehose.event import Event, Kind
from include.metalayer.answer import (
    Answer,
    State,
    Wish,
    change,
    counts,
    gone_rows,
    headline,
    name_of,
    new_rows,
    new_wishes,
    wishes,
)
from include.metalayer.figures import Rates
from include.metalayer.keep import is_honoured_by
from include.metalayer.query import Query, Rhythm
from include.settings.vocabulary import Severity

TITLES = {Rhythm.NOW: "Snowflake now", Rhythm.DAILY: "Snowflake, daily", Rhythm.WEEKLY: "Snowflake, weekly"}
# "New since" looks back a whole period, so that a question asked by hand in between does not swallow the news; what
# runs now is compared with the last look, and never with itself.
LOOKS_BACK = {
    Rhythm.NOW: timedelta(microseconds=1),
    Rhythm.DAILY: timedelta(hours=20),
    Rhythm.WEEKLY: timedelta(days=6),
}
PAGE = "/meta-layer/"
NAMES = 10
SENTENCES = 2
UNTOLD = "Its task has not come to an end: look at its log."

Told = Mapping[str, Any]


def told(
    query: Query, answer: Answer, before: Answer | None, history: Sequence[float], *, rates: Rates, airflow_url: str
) -> dict[str, Any]:
    """What a person should hear of one answer, as plain JSON values.

    `before` is the answer to compare it with, `history` the headline's values day by day, this one included.
    """
    shared = {"url": f"{airflow_url}{PAGE}questions/{answer.query}"}
    if not answer.answered:
        return shared | {"failed" if answer.state is State.FAILED else "silent": answer.reason}
    figure = headline(query, answer, rates)
    wanting = wishes(query, answer)
    row = shared | {
        "value": figure.text,
        "words": ", ".join(filter(None, [query.headline.words, figure.money])),
        "change": change(query, answer, before),
        "history": list(history),
        "attention": _sentences(wanting),
        "fresh": bool(new_wishes(query, answer, before)),
        "new": _names(query, new_rows(query, answer, before)),
        "gone": _names(query, gone_rows(query, answer, before)),
    }
    return {key: value for key, value in row.items() if value}


def _sentences(wanting: Sequence[Wish]) -> str:
    words = "; ".join(wish.words for wish in wanting[:SENTENCES])
    return words if len(wanting) <= SENTENCES else f"{words}; and {len(wanting) - SENTENCES} more"


def _names(query: Query, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows that the headline is about; a table that is too young to say anything of is no news."""
    names = [name_of(query, row) for row in rows if counts(query, row)]
    return names if len(names) <= NAMES else [*names[:NAMES], f"{len(names) - NAMES} more"]


def is_worth_telling(rhythm: Rhythm, rows: Sequence[tuple[Query, Told | None]]) -> bool:
    """Whether a window is told: a daily one always, one of every half hour only when something new wants a person."""
    return rhythm is not Rhythm.NOW or any(row is not None and row.get("fresh") for _, row in rows)


def events(
    rhythm: Rhythm,
    rows: Sequence[tuple[Query, Told | None]],
    *,
    run_id: str,
    clear_number: int,
    ended_at: datetime,
    airflow_url: str,
    expired: Sequence[str] = (),
) -> list[Event]:
    """One event per question of a window, in the order of the questions; a question without a row says so.

    A run that was cleared tells itself anew: the ids count how often, and the message shows the last time.
    """
    again = f":r{clear_number}" if clear_number else ""
    subject = f"mq:{rhythm}:{run_id}"
    first_to_keep = next((query.name for query, _ in rows if is_honoured_by(query)), None)
    found = []
    for position, (query, row) in enumerate(rows):
        payload = {
            **(row if row is not None else {"failed": UNTOLD}),
            **{"question": query.name, "title": query.title, "position": position, "of": len(rows)},
            **{"window": TITLES[rhythm], "page": f"{airflow_url}{PAGE}"},
        }
        if expired and query.name == first_to_keep:
            payload["expired"] = list(expired)
        found.append(
            Event(
                event_id=f"{subject}:{query.name}{again}",
                kind=Kind.ANSWER,
                series=f"mq:{rhythm}",
                subject_key=subject,
                occurred_at=ended_at,
                severity=Severity.WARNING if {"attention", "failed"} & payload.keys() else Severity.INFO,
                payload=payload,
            )
        )
    return found
