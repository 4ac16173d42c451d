"""One task whose process, and the process that watches over it, are both killed."""

from __future__ import annotations

import time

from airflow.sdk import DAG, task

with DAG("killed", schedule=None):

    @task
    def both_killed() -> None:
        time.sleep(600)

    both_killed()
