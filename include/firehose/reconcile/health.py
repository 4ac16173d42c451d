"""The parts of Airflow itself: which of them has stopped, and that it works again.

When the scheduler stands still nothing fails, so no callback and no state ever tells. An episode is open in the outbox
until it is over, so that a restart of this process neither repeats nor forgets one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from include.firehose import tables
from include.firehose.event import Event, Kind, health_subject
from include.settings.vocabulary import Severity

DOWN, UP = "down", "up"
API, DATABASE = "api-server", "metadatabase"
COMPONENTS = ("scheduler", "triggerer", "dag_processor", DATABASE)
# One missed heartbeat is a restart or a busy minute.
ROUNDS = 2
AWAY = timedelta(seconds=60)


class Health:
    """What is down, and since when; and what has been told of it."""

    def __init__(self) -> None:
        self._open: dict[str, datetime] | None = None
        self._suspected: dict[str, tuple[datetime, int]] = {}
        self._silent_since: datetime | None = None

    def load(self, connection: Connection) -> None:
        """Read from the outbox what is down.

        Every round: an episode's id has the time at which it was noticed, so of two processes that watch, the second
        must know what the first has told.
        """
        event = tables.event
        series = [_series(component) for component in (*COMPONENTS, API)]
        rows = connection.execute(select(event).where(event.c.series.in_(series))).all()
        over = {row.subject_key for row in rows if row.payload.get("state") == UP}
        still = [row.payload for row in rows if row.subject_key not in over]
        self._open = {told["component"]: datetime.fromisoformat(told["since"]) for told in still}

    def answered(self, answer: Mapping[str, Any], now: datetime) -> list[Event]:
        """The events that follow from an answer of /monitor/health."""
        self._silent_since = None
        events = self._over(API, now)
        database_down = (answer.get(DATABASE) or {}).get("status") == "unhealthy"
        for component in COMPONENTS:
            told = answer.get(component) or {}
            if database_down and component != DATABASE:
                # Their heartbeats are in the database, so nothing is known of them.
                continue
            if told.get("status") == "unhealthy":
                events += self._unhealthy(component, now, told.get(f"latest_{component}_heartbeat"))
            else:
                self._suspected.pop(component, None)
                events += self._over(component, now)
        return events

    def silent(self, now: datetime) -> list[Event]:
        """The events that follow from an API that does not answer."""
        self._silent_since = self._silent_since or now
        if now - self._silent_since < AWAY:
            return []
        return self._begun(API, self._silent_since, None)

    def _unhealthy(self, component: str, now: datetime, heartbeat: str | None) -> list[Event]:
        since, rounds = self._suspected.get(component, (now, 0))
        self._suspected[component] = (since, rounds + 1)
        return self._begun(component, since, heartbeat) if rounds + 1 >= ROUNDS else []

    def _begun(self, component: str, since: datetime, heartbeat: str | None) -> list[Event]:
        known = self._known()
        if component in known:
            return []
        known[component] = since
        return [_event(component, since, DOWN, since, last_heartbeat=heartbeat)]

    def _over(self, component: str, now: datetime) -> list[Event]:
        since = self._known().pop(component, None)
        return [_event(component, since, UP, now)] if since else []

    def _known(self) -> dict[str, datetime]:
        self._open = {} if self._open is None else self._open
        return self._open


def _series(component: str) -> str:
    return f"af:health:{component}"


def _event(component: str, since: datetime, state: str, at: datetime, **more: str | None) -> Event:
    subject = health_subject(component, since)
    payload = {"component": component, "state": state, "since": since.isoformat(), **more}
    return Event(
        event_id=f"{subject}:{state}",
        kind=Kind.HEALTH,
        series=_series(component),
        subject_key=subject,
        occurred_at=at,
        severity=Severity.ERROR if state == DOWN else Severity.INFO,
        payload={key: value for key, value in payload.items() if value is not None},
    )
