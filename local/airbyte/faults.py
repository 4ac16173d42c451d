"""Failures on demand, for tests and drills.

A real Airbyte fails in ways that are hard to bring about (a full queue, a lost answer, a connector that dies half-way).
Each kind here is one of them, seen from the client's side as it would be there.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    """What can be made to go wrong. The parameters are those of `Fault`."""

    FAIL_ATTEMPTS = "fail_attempts"
    FAIL_JOB = "fail_job"
    HANG = "hang"
    START_DELAY = "start_delay"
    QUEUED = "queued"
    KILL_AFTER_RECORDS = "kill_after_records"
    HTTP = "http"
    CONFLICT = "conflict"
    EXPIRE_TOKENS = "expire_tokens"
    LOAD_ERROR = "load_error"
    LOST_POST_RESPONSE = "lost_post_response"


@dataclass
class Fault:
    """One armed fault. `times` is how often it strikes; `connection` is a connection's name or * for any."""

    kind: FaultKind
    connection: str = "*"
    times: int = 1
    seconds: float = 0.0
    records: int = 0
    failure_type: str = "transient_error"
    method: str = "*"
    path: str = ""
    status: int = 500
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @classmethod
    def parse(cls, body: dict[str, Any]) -> Fault:
        """From a request's body. Raises ValueError, KeyError or TypeError with what is wrong."""
        # The wire's short names of section "faults" in the README.
        known = {"s": "seconds", "delay_s": "seconds", "n": "times"}
        kind = FaultKind(body["kind"])
        values = {known.get(key, key): value for key, value in body.items() if key != "kind"}
        if kind is FaultKind.KILL_AFTER_RECORDS and "n" in body:
            values["records"] = values.pop("times")
        return cls(kind=kind, **values)


class Faults:
    """The armed faults; an empty one is what runs where faults are not enabled."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._armed: list[Fault] = []

    def arm(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(fault)

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def armed(self) -> list[Fault]:
        with self._lock:
            return list(self._armed)

    def take(self, kind: FaultKind, connection: str = "*") -> Fault | None:
        """The first armed fault of this kind for this connection, used up by one."""
        return self._take(lambda fault: fault.kind is kind and fault.connection in ("*", connection))

    def take_http(self, method: str, path: str) -> Fault | None:
        """The first armed `http` fault for this request, used up by one."""
        return self._take(
            lambda fault: fault.kind is FaultKind.HTTP and fault.method in ("*", method) and fault.path in path
        )

    def _take(self, wanted: Any) -> Fault | None:
        with self._lock:
            for fault in self._armed:
                if wanted(fault):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._armed.remove(fault)
                    return fault
        return None
