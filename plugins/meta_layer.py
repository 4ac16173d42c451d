"""The meta layer in Airflow's navigation: what Snowflake says of itself, as a page for everybody.

The page is `plugins/meta_layer_page`, below `/meta-layer` of the API server; who may see it and who may ask anew is
Airflow's own decision (`meta_layer_page/access.py`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cached_property
from typing import Any

from airflow.plugins_manager import AirflowPlugin

Message = MutableMapping[str, Any]

PREFIX = "/meta-layer"


class Page:
    """The ASGI application, made at its first request: every task process imports the plugins and none needs it."""

    @cached_property
    def application(self) -> Callable[..., Awaitable[None]]:
        from plugins.meta_layer_page.app import application

        return application()

    async def __call__(
        self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        # Airflow's own application, which the page asks to start a run; the page takes this place in the scope.
        scope["airflow"] = scope.get("app")
        await self.application(scope, receive, send)


class MetaLayer(AirflowPlugin):
    """Mounts the page and puts it in the navigation. Addresses are relative: Airflow may live below a path."""

    name = "meta_layer"
    fastapi_apps: list[dict[str, Any]] = [  # noqa: RUF012 - the base class declares it so
        {"name": "meta_layer", "app": Page(), "url_prefix": PREFIX}
    ]
    external_views: list[dict[str, Any]] = [  # noqa: RUF012
        {
            "name": "Meta layer",
            "href": "meta-layer/",
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "meta-layer",
            "icon": "meta-layer/static/icon.svg",
            "icon_dark_mode": "meta-layer/static/icon-dark.svg",
        }
    ]
