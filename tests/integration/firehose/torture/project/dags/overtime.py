"""A run that takes longer than it may: one task runs, one has not started."""

from __future__ import annotations

import time
from datetime import timedelta

from airflow.sdk import DAG, task

with DAG("overtime", schedule=None, dagrun_timeout=timedelta(seconds=15)):

    @task
    def runs() -> None:
        time.sleep(600)

    @task
    def waits() -> None:
        pass

    runs() >> waits()
