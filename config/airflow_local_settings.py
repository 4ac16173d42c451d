"""Airflow's cluster policies: every DAG and task of the platform tells the firehose what becomes of it.

Airflow imports a module of this name from its path (`PYTHONPATH` holds this folder).
"""

from include.firehose.policy import dag_policy, task_policy

__all__ = ["dag_policy", "task_policy"]
