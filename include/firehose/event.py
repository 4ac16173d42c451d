"""What happened, once: a frozen event whose id follows from the fact itself.

Two roads that report the same fact (a callback now, a reconciler later) build the same id, and the outbox keeps one
row. Pure: no Airflow, no database, nothing heavy, because every task process imports it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from include.settings.vocabulary import Severity

# Airflow's own ids have 250 characters each; PostgreSQL's index takes 2,700 bytes.
LONGEST_ID = 1000


class Kind(StrEnum):
    """What an event is about."""

    TASK = "airflow.task"
    RUN = "airflow.run"
    # A DAG file that cannot be imported, and that it can again.
    DAG_FILE = "airflow.dag_file"
    # A part of Airflow that has stopped, and that it works again.
    HEALTH = "airflow.health"
    ANSWER = "meta.answer"
    PULL_REQUEST = "github.pull_request"
    PUSH = "github.push"
    BUILD = "buildkite.build"
    # An expected beat that is late, missing, or back.
    BEAT = "firehose.beat"
    PULSE = "firehose.pulse"
    # Messages of a backlog, told together.
    DIGEST = "firehose.digest"


class Road(StrEnum):
    """The way an event reached the outbox."""

    CALLBACK = "callback"
    # How a DAG run ends, from the process that decides it.
    LISTENER = "listener"
    # A task that ends by its build's word runs no callback; whoever ends it reports it.
    BUILD = "build"
    # What the reconciler reads in Airflow's REST API.
    REST = "rest"
    # Webhooks of GitHub and Buildkite.
    WEBHOOK = "webhook"
    # Senders of ours that are no callback: a sync's statistics, a meta query's answer.
    SENDER = "sender"
    # The firehose's own word: a missing beat, the daily pulse.
    WATCH = "watch"


class TaskState(StrEnum):
    """The states of a task instance that are worth an event; the words are Airflow's."""

    SUCCESS = "success"
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    SKIPPED = "skipped"
    # Never run: something before it failed. No callback tells it.
    UPSTREAM_FAILED = "upstream_failed"
    REMOVED = "removed"


class RunState(StrEnum):
    """The states of a DAG run as a message shows them; the words are Airflow's."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class InvalidEvent(ValueError):
    """A value that is no event: a naive time, an empty id, a word outside the vocabulary."""


@dataclass(frozen=True)
class Event:
    """One fact.

    `series` names the beat it belongs to (all runs of a DAG), `subject_key` the message that tells it (one run), and
    `payload` holds plain JSON values only. `occurred_at` is when it happened, not when it was reported.
    """

    event_id: str
    kind: Kind
    series: str
    subject_key: str
    occurred_at: datetime
    severity: Severity
    payload: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not (self.event_id and self.series and self.subject_key):
            raise InvalidEvent("An event needs an id, a series and a subject.")
        if len(self.event_id) > LONGEST_ID or "\x00" in self.event_id:
            raise InvalidEvent(
                f"An event's id has at most {LONGEST_ID} characters, and no NUL: {self.event_id[:80]!r}."
            )
        if self.occurred_at.tzinfo is None:
            raise InvalidEvent(f"The time of event {self.event_id} has no time zone: pass an aware datetime.")

    def to_json(self) -> str:
        """The event as one line of JSON."""
        return json.dumps(
            {
                "event_id": self.event_id,
                "kind": self.kind,
                "series": self.series,
                "subject_key": self.subject_key,
                "occurred_at": self.occurred_at.isoformat(),
                "severity": self.severity,
                "payload": dict(self.payload),
            },
            separators=(",", ":"),
        )

    @classmethod
    def from_json(cls, line: str) -> Event:
        """Read what `to_json` wrote; raises InvalidEvent when the line is not an event."""
        try:
            raw = json.loads(line)
            return cls(
                event_id=raw["event_id"],
                kind=Kind(raw["kind"]),
                series=raw["series"],
                subject_key=raw["subject_key"],
                occurred_at=datetime.fromisoformat(raw["occurred_at"]),
                severity=Severity(raw["severity"]),
                payload=dict(raw["payload"]),
            )
        except InvalidEvent:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidEvent(f"The line is not an event: {error!r}.") from error


def instant(value: Any) -> datetime | None:
    """The time that an ISO 8601 text with an offset names; None for anything else."""
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return time if time.tzinfo else None


def run_subject(dag_id: str, run_id: str) -> str:
    """The subject of everything that happens in one DAG run."""
    return f"af:run:{dag_id}:{run_id}"


def run_event_id(dag_id: str, run_id: str, state: RunState, *, clear_number: int = 0) -> str:
    """`af:run:{dag}:{run}:{state}`, and `:rN` for the N-th time a cleared run ended."""
    suffix = f":r{clear_number}" if clear_number else ""
    return f"{run_subject(dag_id, run_id)}:{state}{suffix}"


def task_event_id(dag_id: str, run_id: str, task_id: str, map_index: int, try_number: int, state: TaskState) -> str:
    """`af:ti:{dag}:{run}:{task}:{map}:{try}:{state}`; an unmapped task has map index -1, as in Airflow."""
    return f"af:ti:{dag_id}:{run_id}:{task_id}:{map_index}:{try_number}:{state}"


def again(event_id: str, number: int) -> str:
    """The id of a state that is entered for another time in the same attempt (marked failed, then success again)."""
    return f"{event_id}:r{number}"


def file_subject(bundle: str, file: str, import_error_id: int) -> str:
    """`af:file:{bundle}:{relative file}:{import error}`: one episode of a DAG file that cannot be imported.

    Airflow keeps the error's row, and its id, until the file can be imported; its time changes with every try.
    """
    return f"af:file:{bundle}:{file}:{import_error_id}"


def health_subject(component: str, since: datetime) -> str:
    """`af:health:{component}:{since}`: one time that a part of Airflow was down."""
    return f"af:health:{component}:{since.isoformat(timespec='seconds')}"
