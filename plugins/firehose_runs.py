"""Airflow tells the firehose how every DAG run ends.

Loaded by the scheduler and the API server; `include/firehose/listener.py` says why it is no DAG callback.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.firehose import listener


class FirehoseRuns(AirflowPlugin):
    """Registers the listener."""

    name = "firehose_runs"
    listeners: list[Any] = [listener]  # noqa: RUF012 - the base class declares it so
