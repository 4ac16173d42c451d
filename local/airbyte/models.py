"""The things Airbyte keeps, as plain values: actors, connections, jobs, attempts.

They are what the store returns and the API renders; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

Json = dict[str, Any]


class ActorKind(StrEnum):
    """An actor is one configured connector."""

    SOURCE = "source"
    DESTINATION = "destination"


class JobStatus(StrEnum):
    """The public API's job statuses, in the order a job may pass through them."""

    PENDING = "pending"
    QUEUED = "queued"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    FAILED = "failed"
    SUCCEEDED = "succeeded"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        return self in (JobStatus.FAILED, JobStatus.SUCCEEDED, JobStatus.CANCELLED)


class JobType(StrEnum):
    """What a job does; `clear` is the newer name of `reset`."""

    SYNC = "sync"
    RESET = "reset"
    CLEAR = "clear"
    REFRESH = "refresh"


class StreamName(NamedTuple):
    """A stream's identity within a source. A tuple, because one is made and looked up per record."""

    name: str
    namespace: str | None = None

    def __str__(self) -> str:
        return f"{self.namespace}.{self.name}" if self.namespace else self.name


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A source or a destination with its configuration, secrets included."""

    id: str
    kind: ActorKind
    workspace_id: str
    definition_id: str
    name: str
    configuration: Json
    created_at: int


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Which streams of a source go to which destination, and how. `streams` are configured streams, schema included."""

    id: str
    workspace_id: str
    source_id: str
    destination_id: str
    name: str
    status: str
    created_at: int
    schedule: Json
    namespace_definition: str
    namespace_format: str | None
    prefix: str
    schema_updates: str
    streams: list[Json] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run of a connection; times are epoch seconds."""

    id: int
    connection_id: str
    type: JobType
    status: JobStatus
    created_at: float
    updated_at: float
    started_at: float | None


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try of a job, with its failures and the per-stream statistics of the protocol's platform side."""

    job_id: int
    number: int
    status: JobStatus
    created_at: float
    updated_at: float
    ended_at: float | None
    failures: list[Json]
    streams: list[Json]
