"""Hears dbt's events as they come and hands on what they say of each node, in batches.

dbt calls from its worker threads; nothing here may hold them up, so a thread of its own does the handing on.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any

from include.transform import dbt
from include.transform.results import STARTED, End, NodeResult

log = logging.getLogger(__name__)

# How long results are gathered: a moment in a small build, a second in one of hundreds of nodes.
SHORTEST_FLUSH_SECONDS = 0.3
LONGEST_FLUSH_SECONDS = 1.0
FLUSH_SECONDS_PER_NODE = 0.002
# Where many builds share a machine, handing on takes long: at most a tenth of the time goes to it.
REST_PER_PUBLISH = 10
LONGEST_REST_SECONDS = 5.0
# More than a person reads of one model; dbt's own log of the build has the rest.
KEPT_LINES = 200
LINE_CHARS = 4000
# What the project's macro count_rows() says. Snowflake's own answer to a `create table as` is one row: its message.
ROWS = re.compile(r"^rows of .+: (?P<rows>\d+)$")
KEPT_LEVELS = frozenset({"info", "warn", "error"})


def recorded(
    publish: Callable[[list[NodeResult], End | None], None], *, nodes: Collection[str], **call: Any
) -> dbt.Outcome:
    """`dbt.build(nodes, **call)` with its results handed to `publish` as they come, and its end however it comes.

    Raises DbtError as it does.
    """
    recorder = Recorder(publish, nodes=len(nodes))
    end = End(complete=False, message="The build was stopped.")
    try:
        outcome = dbt.build(nodes, **call, heard=recorder.hear)
        end = End(complete=True, message=str(outcome))
    except dbt.DbtError as error:
        end = End(complete=False, message=str(error))
        raise
    finally:
        recorder.close(end)
    return outcome


class Recorder:
    """Collects results from dbt's events (`hear`) and passes each batch to `publish`, from a thread of its own."""

    def __init__(self, publish: Callable[[list[NodeResult], End | None], None], *, nodes: int = 1) -> None:
        self._publish = publish
        self._flush = min(SHORTEST_FLUSH_SECONDS + FLUSH_SECONDS_PER_NODE * nodes, LONGEST_FLUSH_SECONDS)
        self._end: End | None = None
        self._lock = threading.Lock()
        self._lines: dict[str, list[tuple[str, str, str]]] = {}
        self._rows: dict[str, int] = {}
        self._waiting: dict[str, NodeResult] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._hand_on, name="dbt-results", daemon=True)
        self._thread.start()

    def hear(self, event: Any) -> None:
        """Take in one event of dbt's (an EventMsg)."""
        info: Any = getattr(event.data, "node_info", None)
        key = info.unique_id if info is not None else ""
        if not key:
            return
        name, level = event.info.name, str(event.info.level)
        with self._lock:
            if name == "NodeStart":
                self._waiting[key] = NodeResult(
                    unique_id=key, status=STARTED, name=info.node_name, started_at=_utc(info.node_started_at)
                )
            elif name == "NodeFinished":
                self._waiting[key] = _result(event, self._lines.pop(key, []), rows=self._rows.pop(key, None))
            elif name == "JinjaLogInfo" and (counted := ROWS.match(event.data.msg)):
                self._rows[key] = int(counted["rows"])
            elif level in KEPT_LEVELS:
                lines = self._lines.setdefault(key, [])
                if len(lines) < KEPT_LINES:
                    lines.append((datetime.now(UTC).isoformat(), level, event.info.msg[:LINE_CHARS]))

    def close(self, end: End) -> None:
        """Hand on what is left, and the end; returns when it has been handed on."""
        self._end = end
        self._closing.set()
        self._thread.join()

    def _hand_on(self) -> None:
        rest = self._flush
        while True:
            last = self._closing.wait(rest)
            with self._lock:
                ready, self._waiting = list(self._waiting.values()), {}
            if last:
                self._publish(ready, self._end)
                return
            if ready:
                began = time.monotonic()
                self._publish(ready, None)
                rest = max(self._flush, min(REST_PER_PUBLISH * (time.monotonic() - began), LONGEST_REST_SECONDS))


def _result(event: Any, lines: list[tuple[str, str, str]], rows: int | None) -> NodeResult:
    info, result = event.data.node_info, event.data.run_result
    response = {key: value for key, value in result.adapter_response.items()}
    return NodeResult(
        unique_id=info.unique_id,
        status=str(info.node_status or result.status).lower(),
        name=info.node_name,
        message=result.message,
        started_at=_utc(info.node_started_at),
        finished_at=_utc(info.node_finished_at),
        seconds=round(result.execution_time, 3),
        rows=rows,
        failures=_count(result.num_failures),
        query_id=str(response.get("query_id") or ""),
        compiled=info.node_path,
        lines=tuple(lines),
    )


def _utc(text: str) -> str:
    """dbt writes UTC without saying so."""
    if not text:
        return ""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _count(value: Any) -> int | None:
    """A count that dbt gives as a float or a text, or not at all."""
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return None
