"""A server with the manners of Airflow's REST API and a test's own answers, for what no Airflow says at will.

What a real Airflow says is tested against a real one (tests/integration/firehose/torture).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "first-token"


@dataclass
class Airflow:
    """The answers by path, and what was asked."""

    answers: dict[str, list[Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]]]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=lambda: [TOKEN])
    valid: set[str] = field(default_factory=lambda: {TOKEN})
    password: str = "right"
    url: str = ""

    def answer(self, target: str, authorization: str) -> tuple[int, Any]:
        parts = urlsplit(target)
        where = unquote(parts.path).removeprefix("/api/v2")
        if authorization.removeprefix("Bearer ") not in self.valid:
            return 401, {"detail": "expired"}
        self.asked.append((where, parse_qs(parts.query)))
        left = self.answers.get(where)
        if not left:
            return 404, {"detail": "not found"}
        # The last answer is given again and again.
        found = left.pop(0) if len(left) > 1 else left[0]
        return found if isinstance(found, tuple) else (200, found)

    def authenticate(self, credentials: dict[str, str]) -> tuple[int, Any]:
        if credentials["password"] != self.password:
            return 401, {"detail": "no"}
        token = self.tokens.pop(0)
        self.valid.add(token)
        return 201, {"access_token": token}


def _handler(airflow: Airflow) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(*airflow.answer(self.path, self.headers.get("Authorization", "")))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._reply(*airflow.authenticate(body))

        def _reply(self, status: int, content: Any) -> None:
            body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving() -> Iterator[Airflow]:
    """The server, on a port of its own, until the block ends."""
    found = Airflow()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(found))
    found.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
