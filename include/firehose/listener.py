"""The end of every DAG run, from the process that decides it: the scheduler, or the API server when a person marks it.

A DAG's own callbacks would tell it too, but Airflow runs those in the DAG processor, which parses the DAG's file anew
for each run: a second of a core with some hundred models, and as much later. A listener runs inside the scheduler's
loop, so it only reads what is in memory and leaves the writing to a thread. What a killed scheduler takes with it, the
reconciler finds.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from types import SimpleNamespace
from typing import Any

from airflow.listeners import hookimpl

from include.firehose import callbacks, intake
from include.firehose.event import Road, RunState

log = logging.getLogger(__name__)

# The run's own columns. The assets that triggered it would be a statement each in the scheduler's loop; the run's tasks
# and the reconciler tell them.
_COLUMNS = ("dag_id", "run_id", "run_type", "run_after", "start_date", "end_date", "clear_number")


@hookimpl
def on_dag_run_success(dag_run: Any, msg: str) -> None:
    """A DAG run has succeeded, or was marked so."""
    _report(dag_run, RunState.SUCCESS, msg)


@hookimpl
def on_dag_run_failed(dag_run: Any, msg: str) -> None:
    """A DAG run has failed, was marked so, or took longer than its `dagrun_timeout`."""
    _report(dag_run, RunState.FAILED, msg)


def _report(dag_run: Any, state: RunState, msg: str) -> None:
    try:
        # Airflow's words for its own decisions are identifiers ("timed_out"). The sentence it makes of a person's mark
        # is left out: the reconciler says who it was.
        reason = msg if msg.isidentifier() else None
        context = {
            "dag": dag_run.dag,
            "dag_run": SimpleNamespace(**{name: getattr(dag_run, name) for name in _COLUMNS}),
            "run_id": dag_run.run_id,
            "reason": reason,
        }
        event = callbacks.run_event(context, state)
        _writer().submit(intake.report, event, road=Road.LISTENER)
    except Exception:
        log.exception("The firehose could not tell how the run %s ended.", getattr(dag_run, "run_id", None))


@cache
def _writer() -> ThreadPoolExecutor:
    """One thread, started with the first event: what Airflow forks before would not have it."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="firehose-listener")
