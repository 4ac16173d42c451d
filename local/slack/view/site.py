"""The routes of the page: the channel, its live fragment, permalinks, the static files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from local.slack import identity, timestamps
from local.slack.channels import Channel
from local.slack.errors import SlackError
from local.slack.view import filters
from local.slack.view.chart import chart
from local.slack.view.timeline import TimelineReader
from local.slack.workspace import Workspace

PAGE_FILES = Path(__file__).resolve().parents[1] / "page"
_PERMALINK = re.compile(r"p(\d{10})(\d{6})")
_TS = re.compile(r"\d{10}\.\d{6}")
# No script, style or font but our own, whatever a message manages to smuggle in.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data: https: http:; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Site:
    """Serves the page of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.reader = TimelineReader(workspace)
        self.templates = Environment(
            loader=FileSystemLoader(PAGE_FILES), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )
        self.templates.filters |= filters.FILTERS | {"chart": chart}
        self.templates.filters["channel_name"] = filters.channel_names(workspace.channels)

    def routes(self) -> list[Route | Mount]:
        """The page's routes."""
        return [
            Route("/", self.page),
            Route("/fragment", self.fragment),
            Route("/archives/{channel}", self.permalink),
            Route("/archives/{channel}/{message}", self.permalink),
            Mount("/static", StaticFiles(directory=PAGE_FILES / "static")),
        ]

    async def page(self, request: Request) -> Response:
        """The whole page."""
        return self._render(request, "channel.html")

    async def fragment(self, request: Request) -> Response:
        """What changes while the page is open; 304 when nothing did."""
        revision = f'"{self.workspace.database.revision()}"'
        if request.headers.get("if-none-match") == revision:
            return Response(status_code=304, headers={"ETag": revision})
        response = self._render(request, "fragment.html")
        response.headers["ETag"] = revision
        return response

    async def permalink(self, request: Request) -> Response:
        """The address `chat.getPermalink` gives, answered with the page at that message."""
        query = {"channel": request.path_params["channel"]}
        if match := _PERMALINK.fullmatch(request.path_params.get("message", "")):
            query["ts"] = f"{match[1]}.{match[2]}"
        return RedirectResponse("/?" + urlencode(query), status_code=302)

    def _render(self, request: Request, template: str) -> Response:
        try:
            channel = self.workspace.channels.get(request.query_params.get("channel", identity.FIREHOSE))
        except SlackError:
            return HTMLResponse("<!doctype html><title>Slack</title><p>There is no such channel.", 404, _HEADERS)
        context = self._context(channel, _ts(request, "ts"), _ts(request, "thread"), _ts(request, "before"))
        return HTMLResponse(self.templates.get_template(template).render(context), headers=_HEADERS)

    def _context(self, channel: Channel, ts: str | None, thread: str | None, before: str | None) -> dict[str, Any]:
        messages = self.workspace.messages
        selected = messages.get(channel.channel_id, ts)
        # A permalink to a reply opens its thread.
        opened = messages.get(channel.channel_id, thread or (selected.thread_ts if selected else None))
        root = messages.root_of(opened) if opened else None
        around = messages.root_of(selected).ts if selected else None

        def link(**extra: str | None) -> str:
            query = {"channel": channel.channel_id, "before": before, "ts": around, **extra}
            return "/?" + urlencode({name: value for name, value in query.items() if value})

        return {
            "team": identity.TEAM_NAME,
            "channel": channel,
            "channels": [known for known in self.workspace.channels.all() if not known.is_archived],
            "timeline": self.reader.channel(channel.channel_id, around=around, before=before, selected=ts),
            "root": root,
            "thread": self.reader.thread(root, ts) if root else [],
            "link": link,
            "revision": self.workspace.database.revision(),
        }


def _ts(request: Request, name: str) -> str | None:
    value = request.query_params.get(name, "")
    return value if _TS.fullmatch(value) and timestamps.microseconds(value) else None
