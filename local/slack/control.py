"""`/_local/*`: what Slack has not and a drill needs: faults, the journal of calls, a clean start."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.slack.faults import Fault
from local.slack.journal import ACCEPTED
from local.slack.workspace import Workspace

LOG_PAGE = 1000
DISABLED = "Faults are off: start local.slack with --enable-faults to use /_local."


def _problem(status: int, sentence: str) -> Response:
    return JSONResponse({"error": sentence}, status_code=status)


class Control:
    """The control routes of one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def routes(self) -> list[Route]:
        """The routes; with the faults off each of them says so."""
        routes = (
            ("/_local/faults", self.faults, ["GET", "POST", "DELETE"]),
            ("/_local/log", self.log, ["GET"]),
            ("/_local/reset", self.reset, ["POST"]),
        )
        enabled = self.workspace.settings.faults_enabled
        return [Route(path, handler if enabled else _disabled, methods=methods) for path, handler, methods in routes]

    async def faults(self, request: Request) -> Response:
        """List, add or remove faults."""
        if request.method == "DELETE":
            body = await _optional_json(request)
            return JSONResponse({"removed": self.workspace.faults.clear(body.get("method"))})
        if request.method == "POST":
            try:
                self.workspace.faults.add(Fault.parse(await request.json()))
            except ValueError as error:
                return _problem(400, str(error))
        return JSONResponse({"faults": self.workspace.faults.list()})

    async def log(self, request: Request) -> Response:
        """The calls with an id above `since`; `outcome=all` adds those the workspace did not act on."""
        query = request.query_params
        try:
            since, limit = int(query.get("since", 0)), min(int(query.get("limit", LOG_PAGE)), LOG_PAGE)
        except ValueError:
            return _problem(400, "since and limit must be whole numbers.")
        outcome = query.get("outcome", ACCEPTED)
        entries = self.workspace.journal.read(since, limit, None if outcome == "all" else outcome)
        return JSONResponse({"entries": entries, "next_since": entries[-1]["id"] if entries else since})

    async def reset(self, request: Request) -> Response:
        """Forget every message, file, fault and count."""
        self.workspace.reset()
        return JSONResponse({"ok": True})


async def _disabled(request: Request) -> Response:
    return _problem(404, DISABLED)


async def _optional_json(request: Request) -> dict[str, str]:
    body = await request.json() if await request.body() else {}
    return body if isinstance(body, dict) else {}
