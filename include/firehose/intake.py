"""The one door into the outbox, for senders that may not wait: bounded in time, and never an exception.

The row is written through psycopg2 and not through SQLAlchemy and psycopg 3 as in the dispatcher: a task process lives
for one callback. Measured on two busy cores, importing psycopg 3 costs it 380 ms of CPU, psycopg2 21 ms (nothing at all
where the process was forked from a scheduler, whose metadata database has loaded it), and connecting and writing 9 ms.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from include.firehose import spool
from include.firehose.event import Event, Road
from include.firehose.redact import clean
from include.settings import environment

log = logging.getLogger(__name__)

# libpq rounds a connect timeout below 2 s up to 2 s and applies it per address, and no timeout of its own bounds a
# name server that does not answer; waiting for a thread bounds all of it.
DATABASE_SECONDS = 1.5
STATEMENT_MILLISECONDS = 1000

# The first road creates the row, a later one adds what it knows; only news makes the event be composed again.
INSERT_EVENT = """
insert into event (event_id, kind, series, subject_key, occurred_at, seen_via, severity, payload)
values (%(event_id)s, %(kind)s, %(series)s, %(subject_key)s, %(occurred_at)s, array[%(road)s], %(severity)s,
        cast(%(payload)s as jsonb))
on conflict (event_id) do update set
    seen_via = case when event.seen_via @> excluded.seen_via then event.seen_via
                    else event.seen_via || excluded.seen_via end,
    payload = excluded.payload || event.payload,
    composed_at = case when event.payload @> (excluded.payload || event.payload) then event.composed_at end
where not (event.seen_via @> excluded.seen_via and event.payload @> (excluded.payload || event.payload))
"""


def parameters(event: Event, road: Road) -> dict[str, str]:
    """The parameters of INSERT_EVENT."""
    import json

    return {
        "event_id": event.event_id,
        "kind": event.kind.value,
        "series": event.series,
        "subject_key": event.subject_key,
        "occurred_at": event.occurred_at.isoformat(),
        "road": road.value,
        "severity": event.severity.value,
        "payload": json.dumps(_storable(event.payload)),
    }


def _storable(value: Any) -> Any:
    """The JSON value without what PostgreSQL refuses in a text: NUL and half surrogates."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value


def report(event: Event, *, road: Road) -> bool:
    """Write the event to the outbox, or to the spool when the database does not take it in time.

    Returns whether it is safe in one of the two. Never raises, and returns within 2.5 s whatever the database does.
    """
    return report_all([event], road=road)


def report_all(events: Sequence[Event], *, road: Road) -> bool:
    """`report` for several events in one transaction: all are in the outbox, or all are in the spool."""
    try:
        if _stored_in_time(events, road):
            return True
        for event in events:
            spool.append(spool_path(), event)
        return True
    except Exception:
        log.exception("%s could be written neither to the outbox nor to the spool.", _named(events))
        return False


def _named(events: Sequence[Event]) -> str:
    return events[0].event_id if len(events) == 1 else f"{events[0].event_id} and {len(events) - 1} more"


def spool_path() -> Path:
    """The spool file: FIREHOSE_SPOOL, or the default of this account."""
    try:
        configured = environment.load().get("FIREHOSE_SPOOL")
    except ValueError:
        configured = ""
    return Path(configured) if configured else spool.default_path()


def _stored_in_time(events: Sequence[Event], road: Road) -> bool:
    """Whether the rows were committed within DATABASE_SECONDS.

    A row that is committed later is harmless: the spool's line has the same id.
    """
    done: list[bool] = []

    def store() -> None:
        try:
            _insert(events, road)
            done.append(True)
        except Exception as error:
            log.warning("The outbox did not take %s; to the spool: %s", _named(events), error)

    thread = threading.Thread(target=store, name="firehose-intake", daemon=True)
    thread.start()
    thread.join(DATABASE_SECONDS)
    if thread.is_alive():
        log.warning("The outbox did not answer in %s s; %s to the spool.", DATABASE_SECONDS, _named(events))
    return bool(done)


def _insert(events: Sequence[Event], road: Road) -> None:
    import psycopg2

    dsn = environment.load().firehose_dsn.replace("postgresql+psycopg://", "postgresql://", 1)
    connection = psycopg2.connect(
        dsn,
        connect_timeout=2,
        application_name=f"firehose-{road.value}-{os.getpid()}",
        # An event that was taken must outlive a crash of the server, whatever the server's own default is.
        options=f"-c statement_timeout={STATEMENT_MILLISECONDS} -c synchronous_commit=on",
    )
    try:
        with connection, connection.cursor() as cursor:
            for event in events:
                cursor.execute(INSERT_EVENT, parameters(event, road))
    finally:
        connection.close()
