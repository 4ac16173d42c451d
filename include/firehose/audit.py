"""Three books compared: what Airflow did, what the outbox knows, what the channel shows.

Every promise of the firehose is about what is not lost on the way, and each part can only vouch for itself. Comparing
the two ends and the middle finds what any of them has dropped.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine

from include.firehose import ledgers
from include.firehose.blocks import clip
from include.firehose.channel import CLOCK_SKEW, Channel, Found
from include.firehose.ledgers import FinalState, Rest, SentDelivery
from include.firehose.redact import clean, mask

NAMED = 20
# What is younger may still be on its way: an audit should end this long ago.
SETTLED = timedelta(minutes=10)
# The N-th time a cleared run ended, or a state was entered again in one attempt.
_AGAIN = re.compile(r":r\d+$")


@dataclass(frozen=True)
class Comparison:
    """One direction: how many there are, which of them are not accounted for, and what to do about those."""

    title: str
    advice: str
    total: int = 0
    items: tuple[str, ...] = ()

    def of(self, total: int, items: Sequence[str]) -> Comparison:
        """This comparison with what was found."""
        return replace(self, total=total, items=tuple(items))


_UNHEARD = Comparison(
    "states in Airflow that have no event",
    "is the reconciler running (`status`)? Its nightly comparison adds what is younger than two days.",
)
_UNTOLD = Comparison(
    "events that no message has told",
    "`status` counts those to compose and the dead deliveries; the README says under On failure how to mend both.",
)
_MISSING = Comparison(
    "sent messages that Slack does not show",
    "somebody may have deleted them by hand, or the workspace's retention has. Their events are in the outbox.",
)
_UNKNOWN = Comparison(
    "messages in Slack that the outbox does not know",
    "another outbox or `preview --post` writes into this channel, or this outbox was restored from a backup.",
)
_DOUBLED = Comparison(
    "deliveries that Slack shows more than once",
    "a dispatcher stood still for longer than its lease in the middle of a call. Delete the later message.",
)


@dataclass(frozen=True)
class Audit:
    """What an audit of a span has found."""

    since: datetime
    until: datetime
    comparisons: tuple[Comparison, ...]
    # Messages that somebody deleted and the dispatcher has posted anew: nothing is missing.
    replaced: int = 0

    @property
    def unaccounted(self) -> int:
        """How many things one book has and another has not."""
        return sum(len(comparison.items) for comparison in self.comparisons)

    @property
    def exit_code(self) -> int:
        """0 only when everything is accounted for."""
        return 1 if self.unaccounted else 0

    def lines(self) -> list[str]:
        """A short table, and up to NAMED items of each kind with what to do."""
        rows = [f"{'unaccounted':>11}  {'of':>7}", *(_row(comparison) for comparison in self.comparisons)]
        notes = [f"Deleted by somebody and posted anew: {self.replaced}."] if self.replaced else []
        details = [line for comparison in self.comparisons if comparison.items for line in _details(comparison)]
        span = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M %Z}"
        return [f"Audit of {span}", "", *rows, *notes, *details, "", f"{self.unaccounted:,} unaccounted"]


def _row(comparison: Comparison) -> str:
    return f"{len(comparison.items):>11,}  {comparison.total:>7,}  {comparison.title}"


def _details(comparison: Comparison) -> list[str]:
    items = comparison.items[:NAMED]
    more = [f"  and {len(comparison.items) - NAMED:,} more"] if len(comparison.items) > NAMED else []
    return ["", f"{comparison.title}: {comparison.advice}", *(f"  {_shown(item)}" for item in items), *more]


def _shown(item: str) -> str:
    """A line of foreign text on a terminal."""
    return clip(mask(" ".join(clean(item).split())), 200)


def audit(outbox: Engine, airflow: Rest, slack: Channel, since: datetime, until: datetime) -> Audit:
    """Compare the three for a span, which should end at least SETTLED ago.

    Takes minutes for a day of many threads, as Slack is read slowly. Raises ValueError for a span that ends before it
    begins or has no time zone, UnreadableChannel when Slack and what `airflow` raises when Airflow cannot be read.
    """
    if since.tzinfo is None or until.tzinfo is None or since >= until:
        raise ValueError(f"An audit needs a span with a time zone that begins before it ends: {since} to {until}.")
    states = list(ledgers.final_states(airflow, since, until))
    with outbox.begin() as connection:
        event_ids = ledgers.event_ids(connection, {state.subject_key for state in states})
        event_total = ledgers.count_events(connection, since, until)
        untold = ledgers.untold(connection, since, until)
        sent = ledgers.sent_deliveries(connection, since, until)
    found = slack.read(since, until, older_roots(sent, since))
    with outbox.begin() as connection:
        known = ledgers.known_deliveries(connection, {message.delivery_id for message in found})
    missing, replaced = missing_messages(sent, found)
    comparisons = (
        _UNHEARD.of(len(states), sorted(state.event_id for state in unheard(states, event_ids))),
        _UNTOLD.of(event_total, [f"{event.event_id}: {event.reason}" for event in untold]),
        _MISSING.of(len({delivery.ts for delivery in sent}), missing),
        _UNKNOWN.of(len(found), [f"{post.ts}: {post.text}" for post in found if post.delivery_id not in known]),
        _DOUBLED.of(len({post.delivery_id for post in found}), doubled(found)),
    )
    return Audit(since, until, comparisons, replaced)


def unheard(states: Sequence[FinalState], event_ids: Collection[str]) -> list[FinalState]:
    """The final states for which the outbox has no event, also none of a later round."""
    heard = {_AGAIN.sub("", event_id) for event_id in event_ids} | set(event_ids)
    return [state for state in states if state.event_id not in heard]


def older_roots(sent: Sequence[SentDelivery], since: datetime) -> set[str]:
    """The messages that were changed or answered in the span and are too old for its history."""
    oldest = (since - CLOCK_SKEW).timestamp()
    roots = {delivery.current_ts if delivery.op == "reply" else delivery.ts for delivery in sent}
    return {ts for ts in roots if ts and float(ts) < oldest}


def missing_messages(sent: Sequence[SentDelivery], found: Sequence[Found]) -> tuple[list[str], int]:
    """The messages that should be there and are not, and how many of them a later one of their subject replaces."""
    shown = {message.ts for message in found}
    gone = {delivery.ts: delivery for delivery in sent if delivery.ts not in shown}
    replaced = {ts for ts, delivery in gone.items() if _replaced(delivery)}
    return [f"{ts}: {gone[ts].op} of {gone[ts].subject_key}" for ts in gone if ts not in replaced], len(replaced)


def _replaced(delivery: SentDelivery) -> bool:
    return delivery.op != "reply" and float(delivery.current_ts or 0) > float(delivery.ts or 0)


def doubled(found: Sequence[Found]) -> list[str]:
    """The deliveries that stand in the channel more than once, with the ts of each message."""
    places: dict[str, list[str]] = defaultdict(list)
    for message in found:
        places[message.delivery_id].append(message.ts)
    return [f"{delivery_id}: {', '.join(ts)}" for delivery_id, ts in sorted(places.items()) if len(ts) > 1]
