"""A part of Airflow that has stopped: red, with what does not work meanwhile; calm when it works again. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from include.firehose.blocks import context, fallback, headline
from include.firehose.designs.style import FAILED, OK, RED, clock, duration
from include.firehose.designs.telling import Message, Priority, Setting, Telling
from include.firehose.event import Event, instant
from include.firehose.redact import mask

DOWN, UP = "down", "up"
_NAMES: Mapping[str, str] = {
    "scheduler": "Airflow's scheduler",
    "triggerer": "Airflow's triggerer",
    "dag_processor": "Airflow's DAG processor",
    "metadatabase": "Airflow's metadata database",
    "api-server": "Airflow's API server",
}
_CONSEQUENCES: Mapping[str, str] = {
    "scheduler": "No run and no task starts. Tasks that run already go on. Look at its log, then start it again.",
    "triggerer": "Deferred tasks wait, also those of dbt builds. Look at its log, then start it again.",
    "dag_processor": "New and changed DAG files are not read, and the callbacks of killed tasks and of runs wait. "
    "Look at its log, then start it again.",
    "metadatabase": "Nothing in Airflow goes on. Look whether PostgreSQL runs, takes connections and has room.",
    "api-server": "The web UI does not answer, and running tasks cannot report. Look at its log, then start it again.",
}


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """One time that a part was down.

    Raises ValueError when there is no event.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.event_id))
    if not ordered:
        raise ValueError("The health of a part of Airflow needs at least one event.")
    began, ends = ordered[0], [event for event in ordered if event.payload.get("state") == UP]
    over = ends[-1] if ends else None
    since = _since(began)
    return Telling(
        message=_up(began, since, over.occurred_at, setting) if over else _down(began, since, setting),
        state=UP if over else DOWN,
        priority=Priority.MILESTONE if over or setting.silenced else Priority.FAILURE,
        over=over is not None,
        series=began.series,
        started_at=since,
        ended_at=over.occurred_at if over else None,
    )


def _down(event: Event, since: datetime, setting: Setting) -> Message:
    component = str(event.payload.get("component", ""))
    name = _name(component)
    rest = f"does not answer since {clock(since, setting.timezone)}"
    consequence = _CONSEQUENCES.get(component, "Look at its log, then start it again.")
    return Message(
        text=fallback(f"{FAILED} {name} {rest}"),
        blocks=[headline(FAILED, name, f"{setting.airflow_url}/", rest)],
        attachments=[{"color": RED, "fallback": fallback(consequence), "blocks": [context(consequence)]}],
    )


def _up(event: Event, since: datetime, until: datetime, setting: Setting) -> Message:
    name = _name(str(event.payload.get("component", "")))
    took = duration((until - since).total_seconds())
    when = f"{clock(since, setting.timezone)}-{clock(until, setting.timezone)}"
    rest = f"works again · was away {when} ({took})"
    return Message(
        text=fallback(f"{OK} {name} {rest}"),
        blocks=[headline(OK, name, f"{setting.airflow_url}/", rest)],
        attachments=[],
    )


def _name(component: str) -> str:
    return _NAMES.get(component) or mask(component) or "A part of Airflow"


def _since(event: Event) -> datetime:
    """When it was last known to work: the last heartbeat, or the first time it was found silent."""
    return instant(event.payload.get("last_heartbeat")) or instant(event.payload.get("since")) or event.occurred_at
