"""The CeleryExecutor that ends the tasks of dbt models without starting a process for each: `celery` in containers.

`[core] executor = include.transform.celery_executor.WatchingCeleryExecutor`. The watcher runs beside the scheduler, as
under the LocalExecutor; builds, syncs and models that are built alone go to the workers.
"""

from __future__ import annotations

from airflow.providers.celery.executors.celery_executor import CeleryExecutor

from include.transform.watching import Watching


class WatchingCeleryExecutor(Watching, CeleryExecutor):
    """The CeleryExecutor that watches builds. `[celery] worker_concurrency` bounds what runs on one worker."""
