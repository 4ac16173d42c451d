"""Many tasks that need no process: what a round of the reconciler costs."""

from __future__ import annotations

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

with DAG("wide", schedule=None):
    for number in range(500):
        EmptyOperator(task_id=f"t{number:03}")
