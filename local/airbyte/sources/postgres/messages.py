"""Airbyte protocol messages, written to standard output.

Records are most of it by far, so they are not built as objects here: PostgreSQL makes their JSON (`read.py`).
"""

from __future__ import annotations

import sys
import time
from typing import Any

import orjson

_OUT = sys.stdout.buffer


def _write(kind: str, key: str, body: Any) -> None:
    _OUT.write(orjson.dumps({"type": kind, key: body}) + b"\n")
    _OUT.flush()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def flush() -> None:
    _OUT.flush()


def spec(body: dict[str, Any]) -> None:
    _write("SPEC", "spec", body)


def connection_status(status: str, message: str | None = None) -> None:
    _write("CONNECTION_STATUS", "connectionStatus", {"status": status, **({"message": message} if message else {})})


def catalog(streams: list[dict[str, Any]]) -> None:
    _write("CATALOG", "catalog", {"streams": streams})


def log(message: str) -> None:
    _write("LOG", "log", {"level": "INFO", "message": message})


def stream_status(descriptor: dict[str, str], status: str) -> None:
    body = {"stream_descriptor": descriptor, "status": status}
    _write("TRACE", "trace", {"type": "STREAM_STATUS", "emitted_at": now_ms(), "stream_status": body})


def error(failure_type: str, message: str) -> None:
    body = {"message": message, "internal_message": message, "failure_type": failure_type}
    _write("TRACE", "trace", {"type": "ERROR", "emitted_at": now_ms(), "error": body})


def state(descriptor: dict[str, str], stream_state: dict[str, Any], records: int) -> None:
    """STATE of one stream; `records` is how many were emitted since its last one."""
    stream = {"stream_descriptor": descriptor, "stream_state": stream_state}
    _write("STATE", "state", {"type": "STREAM", "stream": stream, "sourceStats": {"recordCount": records}})


def records(lines: list[bytes]) -> None:
    """Whole RECORD messages, each with its newline."""
    _OUT.write(b"".join(lines))
