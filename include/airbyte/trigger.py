"""The part of a sync that waits in the triggerer.

The provider's trigger fails the task at the first error of a poll, blocks the triggerer's event loop with each
request, does not know `queued`, and leaves the job running when a person clears or fails the deferred task.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from include.airbyte.client import Client
from include.airbyte.jobs import Jobs
from include.airbyte.watch import Watch, delays

log = logging.getLogger(__name__)


class AirbyteSyncTrigger(BaseTrigger):
    """Fires once, with `watch.Ending.as_event()`. `deadline` is in seconds since the epoch, the rest in seconds."""

    def __init__(
        self,
        *,
        job_id: int,
        airbyte_conn_id: str,
        deadline: float,
        poll_seconds: float,
        max_poll_seconds: float,
        patience: float,
    ) -> None:
        super().__init__()
        self.job_id = job_id
        self.airbyte_conn_id = airbyte_conn_id
        self.deadline = deadline
        self.poll_seconds = poll_seconds
        self.max_poll_seconds = max_poll_seconds
        self.patience = patience

    def serialize(self) -> tuple[str, dict[str, Any]]:
        names = ("job_id", "airbyte_conn_id", "deadline", "poll_seconds", "max_poll_seconds", "patience")
        return f"{__name__}.{type(self).__name__}", {name: getattr(self, name) for name in names}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        # In a thread: the SDK's asynchronous calls still fetch their token with the blocking client.
        watch = Watch(connect=self._jobs, job_id=self.job_id, deadline=self.deadline, patience=self.patience)
        pause = delays(self.poll_seconds, self.max_poll_seconds)
        while (ending := await asyncio.to_thread(watch.look)) is None:
            await asyncio.sleep(next(pause))
        yield TriggerEvent(ending.as_event())

    async def on_kill(self) -> None:
        """Cancel the job: a person cleared the task or marked it failed or successful.

        Not in cleanup(), which also runs when a triggerer restarts and another goes on with this job.
        """
        cancelled = await asyncio.to_thread(lambda: self._jobs().cancel(self.job_id))
        log.info("Job %s %s.", self.job_id, "is being cancelled" if cancelled else "was over already")

    def _jobs(self) -> Jobs:
        # Here, because the operator imports this module and every task of its DAG would pay half a second.
        from airflow.providers.airbyte.hooks.airbyte import AirbyteHook

        return Jobs(Client(AirbyteHook(self.airbyte_conn_id).airbyte_api))
