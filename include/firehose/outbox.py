"""Write events to the outbox through SQLAlchemy: for the firehose's own processes, which may wait for the database.

Task processes use intake.py, which is bounded in time and falls back on the spool.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DataError, ProgrammingError

from include.firehose.event import Event, Road
from include.firehose.intake import INSERT_EVENT, parameters

log = logging.getLogger(__name__)

# xmax is 0 in a row that this statement has inserted, and not in one that it has changed.
_STORE = f"{INSERT_EVENT} returning (xmax = 0) as is_new"


def store(connection: Connection, events: Sequence[Event], road: Road) -> int:
    """Write the events; returns how many were new to the outbox.

    An event that the database refuses is logged and left out: it must not hold back those written with it.
    """
    # One order for all writers: two that add to the same rows then wait for each other instead of deadlocking.
    ordered = sorted(events, key=lambda event: event.event_id)
    try:
        with connection.begin_nested():
            return sum(_insert(connection, event, road) for event in ordered)
    except (DataError, ProgrammingError):
        return sum(_insert_alone(connection, event, road) for event in ordered)


def _insert_alone(connection: Connection, event: Event, road: Road) -> bool:
    try:
        with connection.begin_nested():
            return _insert(connection, event, road)
    except (DataError, ProgrammingError):
        log.exception("The outbox refuses the event %s", event.to_json())
        return False


def _insert(connection: Connection, event: Event, road: Road) -> bool:
    row = connection.exec_driver_sql(_STORE, parameters(event, road)).first()
    return row is not None and bool(row.is_new)
