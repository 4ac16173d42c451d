"""The ASGI application: the Web API, the upload address, the page and the control routes around one workspace."""

from __future__ import annotations

from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.slack import identity
from local.slack.control import Control
from local.slack.gateway import Gateway
from local.slack.view.site import Site
from local.slack.workspace import Workspace

# Shown in the page; everything else is handed out as a download, so that an uploaded page or SVG cannot run here.
_INLINE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "text/plain")


class Files:
    """Takes the bytes of an upload and gives them back."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    async def receive(self, request: Request) -> Response:
        """The upload address: raw bytes, or a form with the file in it."""
        content = await self._content(request)
        if not self.workspace.uploads.receive(request.path_params["file_id"], content):
            return PlainTextResponse("The upload is unknown, complete, or not of the length announced.", 400)
        return PlainTextResponse(f"OK - {len(content)}")

    async def _content(self, request: Request) -> bytes:
        if not request.headers.get("content-type", "").startswith("multipart/"):
            return await request.body()
        async with request.form() as form:
            files = [value for value in form.values() if not isinstance(value, str)]
            return await files[0].read() if files else b""

    async def download(self, request: Request) -> Response:
        """A complete file."""
        file = self.workspace.uploads.get(request.path_params["file_id"])
        if file is None or not file.completed:
            return PlainTextResponse("There is no such file.", 404)
        inline = file.mimetype in _INLINE_TYPES
        disposition = f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{quote(file.name)}"
        headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
        return Response(file.content, media_type=file.mimetype, headers=headers)


def application(workspace: Workspace) -> Starlette:
    """The application of one workspace."""
    files, site = Files(workspace), Site(workspace)

    async def health(request: Request) -> Response:
        return JSONResponse({"ok": True, "revision": workspace.database.revision()})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/api/{method:path}", Gateway(workspace).serve, methods=["GET", "POST"]),
            Route("/upload/v1/{file_id}", files.receive, methods=["POST", "PUT"]),
            Route(f"/files-pri/{identity.TEAM_ID}-{{file_id}}/{{name:path}}", files.download),
            *Control(workspace).routes(),
            *site.routes(),
        ]
    )
