"""The page as an application of its own, below Airflow's: routes, styles, headers, and errors in words.

No script is served and none may run: with the policy below, a table that somebody has named like one is only text.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

from fastapi import FastAPI, Request, Response, status
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware

from include.metalayer.figures import Rates
from include.settings import environment
from plugins.meta_layer_page.pages import airflow_root, render, router
from plugins.meta_layer_page.reading import Content, read
from plugins.meta_layer_page.shelf import Shelf

STATIC = Path(__file__).parent / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
TITLES = {
    status.HTTP_401_UNAUTHORIZED: "You are logged out",
    status.HTTP_403_FORBIDDEN: "You may not do this",
    status.HTTP_404_NOT_FOUND: "There is no such page",
}


def application(shelf: Shelf[Content] | None = None) -> FastAPI:
    """The page; `shelf` gives what it shows."""
    app = FastAPI(title="Meta layer", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.shelf = shelf or Shelf(lambda: read(Rates.configured(environment.load())))
    app.state.style_version = hashlib.sha256((STATIC / "page.css").read_bytes()).hexdigest()[:12]
    app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.add_middleware(BaseHTTPMiddleware, dispatch=_with_headers)
    app.add_exception_handler(HTTPException, _explained)
    return app


async def _with_headers(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await call_next(request)
    response.headers.update(HEADERS)
    if not request.url.path.startswith(f"{request.scope['root_path']}/static/"):
        # What stands here is for one user, and changes.
        response.headers["Cache-Control"] = "no-store"
    return response


def _explained(request: Request, error: Exception) -> Response:
    """An error as a page; who is not logged in is sent to Airflow's login, which leads back."""
    assert isinstance(error, HTTPException)
    unknown = error.status_code == status.HTTP_401_UNAUTHORIZED
    framed = request.headers.get("sec-fetch-dest") == "iframe"
    # In Airflow's frame a login page would stand inside the page that wants the login.
    if unknown and request.method == "GET" and not framed:
        back = quote(f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path, safe="")
        return RedirectResponse(f"{airflow_root(request)}/api/v2/auth/login?next={back}", status.HTTP_303_SEE_OTHER)
    text = "Load the whole page again to log in." if unknown else str(error.detail)
    title = TITLES.get(error.status_code, "That did not work")
    return render(request, "message.html", {"title": title, "text": text}, error.status_code)
