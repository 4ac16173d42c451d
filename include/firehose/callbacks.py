"""What Airflow's callbacks hear, as events in the outbox.

The cluster policy (policy.py) attaches these functions to every task. They run in the task's own process, or, when a
worker died, in the DAG processor, where the context may hold three keys or thirty, so nothing in it is taken for
granted; they write one row and return, because Airflow kills a callback that lingers and retries none that fails. The
ends of DAG runs come from the listener, as the same kind of context.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from include.firehose import intake
from include.firehose.event import Event, Kind, Road, RunState, TaskState, run_event_id, run_subject, task_event_id
from include.firehose.redact import clean, mask
from include.settings.vocabulary import Severity

log = logging.getLogger(__name__)

Context = Mapping[str, Any]

ERROR_CHARS = 2000
KEPT_ASSETS = 20
_TASK_SEVERITY = {TaskState.FAILED: Severity.ERROR, TaskState.UP_FOR_RETRY: Severity.WARNING}


def task_success(context: Context) -> None:
    """A task has succeeded."""
    _report(context, lambda: task_event(context, TaskState.SUCCESS))


def task_failure(context: Context) -> None:
    """A task has failed for good."""
    _report(context, lambda: task_event(context, TaskState.FAILED))


def task_retry(context: Context) -> None:
    """A task has failed and will be tried again."""
    _report(context, lambda: task_event(context, TaskState.UP_FOR_RETRY))


def task_skipped(context: Context) -> None:
    """A task has skipped itself."""
    _report(context, lambda: task_event(context, TaskState.SKIPPED))


def _report(context: Context, build: Callable[[], Event]) -> None:
    try:
        intake.report(build(), road=Road.CALLBACK)
    except Exception:
        run_id = context.get("run_id") if isinstance(context, Mapping) else None
        log.exception("The firehose could not tell what happened in the run %s.", run_id)


def task_event(context: Context, state: TaskState) -> Event:
    """The event of one attempt of one task instance. Raises InvalidEvent when the context names no run."""
    ti = context.get("task_instance") or context.get("ti")
    dag_id, run_id = _dag_id(context), _run_id(context)
    task_id = str(_get(ti, "task_id") or _get(context.get("task"), "task_id") or "")
    map_index, try_number = _int(_get(ti, "map_index"), -1), _int(_get(ti, "try_number"), 1)
    ended_at = _time(_get(ti, "end_date")) or datetime.now(UTC)
    payload = _run_facts(context) | {
        "task_id": task_id,
        "map_index": map_index,
        "try_number": try_number,
        "max_tries": _int(_get(ti, "max_tries"), 0) + 1,
        "state": state.value,
        "started_at": _iso(_get(ti, "start_date")),
        "ended_at": ended_at.isoformat(),
        "operator": _text(_get(context.get("task"), "task_type")),
        "owner": _text(_get(context.get("task"), "owner")),
        "error": _error(context.get("exception")) if state in _TASK_SEVERITY else None,
        "facts": _facts(context.get("task")),
    }
    return Event(
        event_id=task_event_id(dag_id, run_id, task_id, map_index, try_number, state),
        kind=Kind.TASK,
        series=f"af:task:{dag_id}:{task_id}",
        subject_key=run_subject(dag_id, run_id) if dag_id and run_id else "",
        occurred_at=ended_at,
        severity=_TASK_SEVERITY.get(state, Severity.INFO),
        payload=_without_none(payload),
    )


def run_event(context: Context, state: RunState) -> Event:
    """The event of a DAG run's end. Raises InvalidEvent when the context names no run."""
    dag_id, run_id = _dag_id(context), _run_id(context)
    dag_run = context.get("dag_run")
    ended_at = _time(_get(dag_run, "end_date")) or datetime.now(UTC)
    payload = _run_facts(context) | {
        "state": state.value,
        "ended_at": ended_at.isoformat(),
        "reason": _text(context.get("reason")),
    }
    return Event(
        event_id=run_event_id(dag_id, run_id, state, clear_number=_int(_get(dag_run, "clear_number"), 0)),
        kind=Kind.RUN,
        series=f"af:dag:{dag_id}",
        subject_key=run_subject(dag_id, run_id) if dag_id and run_id else "",
        occurred_at=ended_at,
        severity=Severity.ERROR if state is RunState.FAILED else Severity.INFO,
        payload=_without_none(payload),
    )


def _facts(task: Any) -> dict[str, Any] | None:
    """What the operator wants told beside its state: `firehose_facts`, plain JSON values."""
    facts = _get(task, "firehose_facts")
    return dict(facts) if isinstance(facts, Mapping) and facts else None


def _run_facts(context: Context) -> dict[str, Any]:
    """What every event says about the run it belongs to."""
    dag, dag_run = context.get("dag"), context.get("dag_run")
    return {
        "dag_id": _dag_id(context),
        "run_id": _run_id(context),
        "run_type": _text(_get(dag_run, "run_type")),
        "run_after": _iso(_get(dag_run, "run_after")),
        "run_started_at": _iso(_get(dag_run, "start_date")),
        "clear_number": _get(dag_run, "clear_number"),
        "task_total": _reporting_tasks(dag),
        "assets": _assets(dag_run),
    }


def _reporting_tasks(dag: Any) -> int | None:
    """How many tasks of the DAG will report: all but the empty ones, which Airflow ends without running them."""
    tasks = _get(dag, "task_dict")
    if not isinstance(tasks, Mapping):
        return None
    return sum(not _get(task, "inherits_from_empty_operator") for task in tasks.values())


def _assets(dag_run: Any) -> list[str] | None:
    """Names of the assets that triggered the run."""
    events = _get(dag_run, "consumed_asset_events") or ()
    names = sorted({str(_get(_get(event, "asset"), "name") or "") for event in events} - {""})
    return names[:KEPT_ASSETS] or None


def _error(exception: Any) -> dict[str, str] | None:
    if exception is None:
        return None
    kind = type(exception).__name__ if isinstance(exception, BaseException) else ""
    try:
        printed = str(exception)
    except Exception:
        printed = ""
    # Cut first: masking a megabyte would cost the callback its time.
    text = _masked(clean(printed[: 4 * ERROR_CHARS]))[:ERROR_CHARS]
    return {"type": kind, "text": text}


def _masked(text: str) -> str:
    """The text without secrets: those Airflow knows in this process, then whatever looks like one."""
    redact = _get(sys.modules.get("airflow.sdk.log"), "redact")
    if redact is not None:
        text = str(redact(text))
    return mask(text)


def _dag_id(context: Context) -> str:
    for key in ("dag", "task_instance", "ti", "dag_run"):
        if value := _get(context.get(key), "dag_id"):
            return str(value)
    return ""


def _run_id(context: Context) -> str:
    for value in (context.get("run_id"), _get(context.get("dag_run"), "run_id"), _get(context.get("ti"), "run_id")):
        if value:
            return str(value)
    return ""


def _get(value: Any, name: str) -> Any:
    """An attribute that may be missing, or that may raise when it is computed."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def _int(value: Any, default: int) -> int:
    return value if isinstance(value, int) else default


def _text(value: Any) -> str | None:
    """A short text; the word itself for an enum."""
    if value is None:
        return None
    return clean(str(getattr(value, "value", value)))[:200]


def _time(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _iso(value: Any) -> str | None:
    time = _time(value)
    return time.isoformat() if time else None


def _without_none(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in payload.items() if value is not None}
