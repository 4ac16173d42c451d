"""Airflow's cluster policy: every task of the platform tells the firehose what becomes of it.

Airflow imports a module of this name from its path (`PYTHONPATH` holds this folder).
"""

from include.firehose.policy import task_policy

__all__ = ["task_policy"]
