"""Why a task ended as it did when no exception says so: what Airflow's audit log holds.

A killed worker raises nothing, and a state that a person sets calls nobody back. The scheduler and the web UI write
both into the audit log.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from include.firehose.reconcile.api import AirflowRest
from include.firehose.reconcile.attempts import Attempt, time
from include.firehose.reconcile.runs import DagRun

_TASK_MARKS = ("patch_task_instance", "patch_task_group_instances")
_RUN_MARK = "patch_dag_run"
_HEARTBEAT, _QUEUED, _FAIL_FAST, _MISMATCH, _FAILED = (
    "heartbeat timeout",
    "stuck in queued tries exceeded",
    "fail task",
    "state mismatch",
    "failed",
)
# What the scheduler and the workers say, the better explanation first: one end often leaves several of them.
_SAID = (_HEARTBEAT, _QUEUED, _FAIL_FAST, _MISMATCH, _FAILED)
_EVENTS = (*_TASK_MARKS, _RUN_MARK, *_SAID)
_SECONDS = re.compile(r"\((\d+)(?:\.\d+)? *seconds\)")
_FINISHED_WITH = re.compile(r"finished with state (\w+)")
# The log's clock and the attempt's are of different processes.
_SKEW = timedelta(seconds=2)


class Causes:
    """The audit log's entries about runs, each run's read once: make a new one for what was read later."""

    def __init__(self, api: AirflowRest) -> None:
        self._api = api
        self._entries: dict[tuple[str, str], list[dict[str, Any]]] = {}

    def of_task(self, attempt: Attempt, *, marked: bool = False) -> str | None:
        """What ended the attempt, in one sentence; with `marked` only who did. None when the log does not say."""
        entries = [entry for entry in self._of(attempt.dag_id, attempt.run_id) if _is_in_time(entry, attempt)]
        if mark := next((said for entry in entries if (said := _mark(entry, attempt))), None):
            return mark
        mine = [entry for entry in entries if entry["event"] in _SAID and _is_about(entry, attempt)]
        if marked or not mine:
            return None
        return _said(min(mine, key=lambda entry: _SAID.index(entry["event"])))

    def of_run(self, run: DagRun) -> str | None:
        """Who set the run's state; None when nobody did."""
        for entry in self._of(run.dag_id, run.run_id):
            if entry["event"] == _RUN_MARK and _new_state(entry, "state") == run.state:
                return f"Marked {run.state} by {_who(entry)}."
        return None

    def _of(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The entries of a run, newest first."""
        if (dag_id, run_id) not in self._entries:
            rows, _ = self._api.rows(
                "/eventLogs",
                "event_logs",
                dag_id=dag_id,
                run_id=run_id,
                included_events=list(_EVENTS),
                order_by="-event_log_id",
            )
            self._entries[dag_id, run_id] = rows
        return self._entries[dag_id, run_id]


def _mark(entry: Mapping[str, Any], attempt: Attempt) -> str | None:
    """Who set the state that the attempt is in, when the entry says that somebody did."""
    if entry["event"] == _RUN_MARK and _new_state(entry, "state") == attempt.state:
        return f"The run was marked {attempt.state} by {_who(entry)}."
    if entry["event"] in _TASK_MARKS and _new_state(entry, "new_state") == attempt.state and _is_about(entry, attempt):
        return f"Marked {attempt.state} by {_who(entry)}."
    return None


def _said(entry: Mapping[str, Any]) -> str:
    extra = str(entry["extra"] or "")
    if entry["event"] == _HEARTBEAT:
        found = _SECONDS.search(extra)
        return f"No heartbeat{f' for {found[1]} s' if found else ''}: its worker was killed or lost."
    if entry["event"] == _MISMATCH:
        found = _FINISHED_WITH.search(extra)
        return f"Its process ended{f' ({found[1]})' if found else ''} without a word: it was killed from outside."
    if entry["event"] == _QUEUED:
        return "No worker took it from the queue."
    if entry["event"] == _FAIL_FAST:
        return "Stopped because its DAG fails fast."
    # A task that raises reports its exception before its state.
    return "No exception was reported: its process was killed (out of memory?), or the report of it was lost."


def _is_in_time(entry: Mapping[str, Any], attempt: Attempt) -> bool:
    when = time(entry["when"])
    return attempt.started_at is None or when is None or when + _SKEW >= attempt.started_at


def _is_about(entry: Mapping[str, Any], attempt: Attempt) -> bool:
    """Whether the entry is about this attempt; a person's entry keeps the map index among the request's fields."""
    index = entry["map_index"] if entry["map_index"] is not None else _extra(entry).get("map_index")
    return (
        entry["task_id"] == attempt.task_id
        and str(index) in ("None", "", "-1", str(attempt.map_index))
        and entry["try_number"] in (None, attempt.try_number)
    )


def _new_state(entry: Mapping[str, Any], key: str) -> str:
    return str(_extra(entry).get(key, ""))


def _extra(entry: Mapping[str, Any]) -> dict[str, Any]:
    try:
        found = json.loads(entry["extra"] or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _who(entry: Mapping[str, Any]) -> str:
    return str(entry["owner"] or "somebody")
