"""Airflow's cluster policy for tasks: every task reports to the firehose, and no DAG author does anything.

Airflow calls it for each task of each DAG that any process parses (the DAG processor, and each worker again). It is
registered by importing it in `airflow_local_settings.py` on the path. An exception here would fail the import of every
DAG, so none leaves.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from include.firehose import callbacks

log = logging.getLogger(__name__)

_TASK_CALLBACKS: dict[str, Callable[..., None]] = {
    "on_success_callback": callbacks.task_success,
    "on_failure_callback": callbacks.task_failure,
    "on_retry_callback": callbacks.task_retry,
    "on_skipped_callback": callbacks.task_skipped,
}


def task_policy(task: Any) -> None:
    """Let the task report its success, failure, retry and skip, beside what its author attached."""
    try:
        for attribute, callback in _TASK_CALLBACKS.items():
            # With a success callback an EmptyOperator would be run by a worker, only to say that it did nothing.
            if attribute == "on_success_callback" and getattr(task, "inherits_from_empty_operator", False):
                continue
            setattr(task, attribute, _appended(getattr(task, attribute, None), callback))
    except Exception:
        log.exception("A task (%s) will not report to the firehose.", type(task).__name__)


def _appended(existing: Any, callback: Callable[..., None]) -> list[Callable[..., None]]:
    """The callbacks that were there (none, one or several) and ours, once."""
    if existing is None:
        attached = []
    elif callable(existing):
        attached = [existing]
    else:
        attached = list(existing)
    return attached if callback in attached else [*attached, callback]
