"""GitHub's and Buildkite's webhooks, received by Airflow's API server: it is the one address that is already public.

The routes are `/firehose/webhooks/github` and `/firehose/webhooks/buildkite`. They ask for no login of Airflow's, the
signature is the login (include/firehose/webhooks).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]


class Webhooks:
    """The ASGI application, made at its first request: every task process imports the plugins and none needs it."""

    @cached_property
    def application(self) -> Callable[..., Awaitable[None]]:
        from include.firehose.webhooks.receive import application

        return application()

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        await self.application(scope, receive, send)


class FirehoseWebhooks(AirflowPlugin):
    """Mounts the application below /firehose of the API server."""

    name = "firehose_webhooks"
    fastapi_apps: list[dict[str, Any]] = [  # noqa: RUF012 - the base class declares it so
        {"name": "firehose_webhooks", "app": Webhooks(), "url_prefix": "/firehose"}
    ]
