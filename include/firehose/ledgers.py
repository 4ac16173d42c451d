"""Two of the three books an audit compares: Airflow's history, and the outbox. channel.py reads the third.

Each is read by itself, so that what one of them has lost shows in another.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection, func, select

from include.firehose import tables
from include.firehose.event import RunState, TaskState, run_event_id, run_subject, task_event_id

AIRFLOW_PAGE = 100
IDS_AT_ONCE = 1000
FINAL_TASK_STATES = frozenset(
    {TaskState.SUCCESS, TaskState.FAILED, TaskState.SKIPPED, TaskState.UPSTREAM_FAILED, TaskState.REMOVED}
)
FINAL_RUN_STATES = frozenset({RunState.SUCCESS, RunState.FAILED})


class Rest(Protocol):
    """Airflow's REST API, as far as it is read."""

    def get(self, path: str, /, **params: Any) -> Mapping[str, Any]:
        """The JSON of `GET /api/v2{path}`."""
        ...


@dataclass(frozen=True)
class FinalState:
    """A task instance or a run that has ended, as Airflow tells it, and the id its event must have."""

    event_id: str
    subject_key: str


@dataclass(frozen=True)
class Untold:
    """An event that no delivered message carries, and why."""

    event_id: str
    reason: str


@dataclass(frozen=True)
class SentDelivery:
    """A call that Slack has taken, by the outbox's word; `current_ts` is the message that tells its subject now.

    An edit has the ts of the message it has changed.
    """

    delivery_id: str
    subject_key: str
    op: str
    ts: str
    current_ts: str


def final_states(api: Rest, since: datetime, until: datetime) -> Iterator[FinalState]:
    """The task instances and runs that last changed in the span and have ended."""
    span = {"updated_at_gte": since.isoformat(), "updated_at_lt": until.isoformat(), "order_by": "id"}
    for run in _pages(api, "/dags/~/dagRuns", "dag_runs", span):
        if run["state"] in FINAL_RUN_STATES:
            dag_id, run_id = run["dag_id"], run["dag_run_id"]
            yield FinalState(run_event_id(dag_id, run_id, RunState(run["state"])), run_subject(dag_id, run_id))
    for task in _pages(api, "/dags/~/dagRuns/~/taskInstances", "task_instances", span):
        if task["state"] in FINAL_TASK_STATES:
            dag_id, run_id = task["dag_id"], task["dag_run_id"]
            event_id = task_event_id(
                dag_id, run_id, task["task_id"], task["map_index"], task["try_number"], TaskState(task["state"])
            )
            yield FinalState(event_id, run_subject(dag_id, run_id))


def _pages(api: Rest, path: str, field_name: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every row, by cursor: pages by number would skip rows while others change."""
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(path, limit=AIRFLOW_PAGE, cursor=cursor, **params)
        yield from page[field_name]
        cursor = page.get("next_cursor") or None


def event_ids(connection: Connection, subject_keys: Collection[str]) -> set[str]:
    """The ids of all events of the subjects."""
    event = tables.event
    found: set[str] = set()
    for keys in _chunks(sorted(subject_keys)):
        found.update(connection.scalars(select(event.c.event_id).where(event.c.subject_key.in_(keys))))
    return found


def count_events(connection: Connection, since: datetime, until: datetime) -> int:
    """How many events reached the outbox in the span."""
    seen = tables.event.c.first_seen_at
    return connection.scalar(select(func.count()).where(seen >= since, seen < until)) or 0


def untold(connection: Connection, since: datetime, until: datetime) -> list[Untold]:
    """The events that reached the outbox in the span and are in no message that Slack has taken."""
    event, delivery, link = tables.event, tables.delivery, tables.delivery_event
    carried = (
        select(link.c.event_id)
        .join(delivery, delivery.c.delivery_id == link.c.delivery_id)
        .where(link.c.event_id == event.c.event_id, delivery.c.state == "sent")
    )
    tried = (
        select(func.concat_ws(": ", delivery.c.state, delivery.c.error))
        .join(link, delivery.c.delivery_id == link.c.delivery_id)
        .where(link.c.event_id == event.c.event_id)
        .order_by(delivery.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(event.c.event_id, tried.label("tried"))
        .where(event.c.first_seen_at >= since, event.c.first_seen_at < until, ~carried.exists())
        .order_by(event.c.first_seen_at, event.c.event_id)
    )
    rows = connection.execute(query)
    return [Untold(row.event_id, f"its message is {row.tried}" if row.tried else "no message") for row in rows]


def sent_deliveries(connection: Connection, since: datetime, until: datetime) -> list[SentDelivery]:
    """The calls that were taken in the span."""
    delivery, subject = tables.delivery, tables.subject
    query = (
        select(
            delivery.c.delivery_id,
            delivery.c.subject_key,
            delivery.c.op,
            func.coalesce(delivery.c.slack_ts, "").label("ts"),
            func.coalesce(subject.c.parent_ts, "").label("current_ts"),
        )
        .join_from(delivery, subject, delivery.c.subject_key == subject.c.subject_key)
        .where(delivery.c.state == "sent", delivery.c.updated_at >= since, delivery.c.updated_at < until)
        .order_by(delivery.c.seq)
    )
    return [SentDelivery(**row._asdict()) for row in connection.execute(query)]


def known_deliveries(connection: Connection, delivery_ids: Collection[str]) -> set[str]:
    """Those of the ids that the outbox has ever given out."""
    delivery = tables.delivery
    found: set[str] = set()
    for ids in _chunks(sorted(delivery_ids)):
        found.update(connection.scalars(select(delivery.c.delivery_id).where(delivery.c.delivery_id.in_(ids))))
    return found


def _chunks(values: Sequence[str]) -> Iterator[Sequence[str]]:
    return (values[start : start + IDS_AT_ONCE] for start in range(0, len(values), IDS_AT_ONCE))
