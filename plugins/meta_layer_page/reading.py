"""All that a page can show, read from where the answers are kept, in one session. The page itself asks no question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from include.metalayer import history, keep, overview, refusal, session
from include.metalayer.answer import Answer
from include.metalayer.digest import LOOKS_BACK
from include.metalayer.entry import Entry
from include.metalayer.figures import Rates
from include.metalayer.overview import Screen
from include.metalayer.query import Query, load, questions

COURSE = timedelta(days=90)
# An answer must not be compared with itself.
EARLIER = timedelta(microseconds=1)


@dataclass(frozen=True)
class Content:
    """The questions with what is known of each, and when that was read."""

    read_at: datetime
    entries: Mapping[str, Entry]
    screen: Screen
    # Entries of the keep-list that have run out, in words.
    expired: Sequence[str]


def content(read_at: datetime, entries: Mapping[str, Entry], expired: Sequence[str] = ()) -> Content:
    """What these questions come to, worked out now, so that no look has to."""
    for entry in entries.values():
        entry.reckon()
    return Content(read_at, entries, overview.screen(entries), expired)


class Unreadable(Exception):
    """The answers cannot be read; the message is for a person."""


def read(rates: Rates) -> Content:
    """Everything there is. Raises Unreadable with what to do."""
    queries = load()
    now = datetime.now(UTC)
    try:
        with session.connect("page") as connection:
            known = history.latest(connection)
            courses = history.headlines(connection, since=now - COURSE)
            before = {
                name: history.before(connection, name, _moment_before(queries[name], standing.answered))
                for name, standing in known.items()
                if standing.answered and name in queries
            }
    except Exception as error:
        if not refusal.lacks_object(error):
            raise Unreadable(refusal.refusal(error, next(iter(queries.values()))).reason) from error
        # The table is made by the first question that is asked.
        known, courses, before = {}, {}, {}
    entries = {}
    for query in questions(queries):
        standing = known.get(query.name)
        answer = standing.answered if standing else None
        entries[query.name] = Entry(
            query=queries.get(answer.variant, query) if answer else query,
            asked=standing.latest if standing else None,
            answer=answer,
            before=before.get(query.name),
            course=courses.get(query.name, ()),
            rates=rates,
        )
    return content(now, entries, keep.read().expired_lines(now.date()))


def _moment_before(query: Query, answer: Answer) -> datetime:
    """The time whose last answer this one is compared with, as in the digest."""
    return answer.asked_at - LOOKS_BACK[query.rhythm] - EARLIER
