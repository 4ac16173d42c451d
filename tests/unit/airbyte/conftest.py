"""A scripted Airbyte in this process, for answers that no real one gives on demand, and what Airflow hands a task."""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

import pytest
from airflow.sdk.execution_time.context import OutletEventAccessors

CONNECTION_ID = "11111111-1111-4111-8111-111111111111"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    token: str


@dataclass
class ScriptedJob:
    """A job that has each of its statuses for one look, and its last one for ever."""

    id: int
    statuses: deque[str]
    connection_id: str = CONNECTION_ID
    looks: int = 0

    def answer(self, *, look: bool = False) -> dict[str, Any]:
        if look and len(self.statuses) > 1:
            self.statuses.popleft()
        return {
            "jobId": self.id,
            "status": self.statuses[0],
            "jobType": "sync",
            "connectionId": self.connection_id,
            "startTime": "2026-11-22T10:00Z",
            "duration": "PT1M5S",
            "rowsSynced": 42,
            "bytesSynced": 1024,
        }


@dataclass
class ScriptedAirbyte:
    """Airbyte's API over HTTP, doing what the test says. `next_answers` come before everything else."""

    url: str = ""
    client_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    connections: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[int, ScriptedJob] = field(default_factory=dict)
    next_statuses: tuple[str, ...] = ("pending", "running", "succeeded")
    next_answers: deque[tuple[str, str, int, Any]] = field(default_factory=deque)
    report: Any = None
    requests: list[Request] = field(default_factory=list)
    tokens: int = 0

    def add_connection(self, name: str, *, id: str = CONNECTION_ID, status: str = "active") -> None:
        self.connections.append({"connectionId": id, "name": name, "status": status, "workspaceId": "w1"})

    def add_job(self, *statuses: str, connection_id: str = CONNECTION_ID) -> int:
        job = ScriptedJob(len(self.jobs) + 1, deque(statuses), connection_id)
        self.jobs[job.id] = job
        return job.id

    def answer_next(self, method: str, path: str, status: int, body: Any = None) -> None:
        """The next request whose method and path (a pattern) fit is answered so; status 0 drops the connection.

        A body that is callable is called first, for what the server does although its answer is lost.
        """
        self.next_answers.append((method, path, status, body))

    def made(self, method: str, path: str) -> list[Request]:
        return [item for item in self.requests if item.method == method and re.fullmatch(path, item.path)]

    def handle(self, request: Request) -> tuple[int, Any]:
        for scripted in list(self.next_answers):
            method, path, status, body = scripted
            if method == request.method and re.fullmatch(path, request.path):
                self.next_answers.remove(scripted)
                return status, body() if callable(body) else body
        return self.route(request)

    def route(self, request: Request) -> tuple[int, Any]:
        parts = request.path.strip("/").split("/")
        if parts == ["applications", "token"]:
            self.tokens += 1
            return 200, {"access_token": f"token-{self.tokens}", "token_type": "Bearer", "expires_in": 900}
        if parts[0] == "connections":
            return self._connections(parts[1:], request)
        if parts[0] == "jobs":
            return self._jobs(parts[1:], request)
        if request.path.endswith("/jobs/get_without_logs") and self.report is not None:
            return 200, self.report
        return 404, {"title": "resource-not-found"}

    def _connections(self, rest: list[str], request: Request) -> tuple[int, Any]:
        if rest:
            found = [item for item in self.connections if item["connectionId"] == rest[0]]
            return (200, found[0]) if found else (404, {"title": "resource-not-found"})
        offset, limit = int(request.query["offset"][0]), int(request.query["limit"][0])
        # A page may be shorter than asked for: only an empty one is the end.
        return 200, {"data": self.connections[offset : offset + min(limit, 2)], "next": "http://elsewhere"}

    def _jobs(self, rest: list[str], request: Request) -> tuple[int, Any]:
        if not rest and request.method == "GET":
            of_connection = [job for job in self.jobs.values() if job.connection_id == request.query["connectionId"][0]]
            descending = request.query.get("orderBy") == ["createdAt|DESC"]
            listed = sorted(of_connection, key=lambda job: job.id, reverse=descending)
            return 200, {"data": [job.answer() for job in listed[: int(request.query["limit"][0])]]}
        if not rest:
            return self.start_job(request.body["connectionId"])
        job = self.jobs.get(int(rest[0]))
        if job is None:
            return 409, {"title": "state-conflict", "data": {"message": "Job is not currently running"}}
        if request.method == "DELETE":
            job.statuses = deque(["cancelled"])
        return 200, job.answer(look=request.method == "GET")

    def start_job(self, connection_id: str = CONNECTION_ID) -> tuple[int, Any]:
        running = [job for job in self.jobs.values() if job.statuses[0] not in ("succeeded", "failed", "cancelled")]
        if running:
            return 409, {
                "title": "try-again-later",
                "data": {"message": f"A sync is already running for: {connection_id}"},
            }
        return 200, self.jobs[self.add_job(*self.next_statuses)].answer()


def _handler(airbyte: ScriptedAirbyte) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length)
            url = urlparse(self.path)
            path = url.path.removeprefix("/api/public/v1")
            is_json = "json" in (self.headers.get("Content-Type") or "")
            token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
            body = json.loads(raw) if raw and is_json else raw.decode()
            request = Request(self.command, path, parse_qs(url.query), body, token)
            airbyte.requests.append(request)
            status, answer = airbyte.handle(request)
            if status == 0:
                self.connection.close()
                return
            payload = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = handle_any

        def log_message(self, *_: object) -> None:
            """Quiet: pytest shows what was asked for."""

    return Handler


@pytest.fixture
def airbyte(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedAirbyte]:
    """A scripted Airbyte with one connection `storefront`, reachable as the Airflow connection airbyte_default."""
    scripted = ScriptedAirbyte()
    scripted.add_connection("storefront")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(scripted))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    scripted.url = f"http://127.0.0.1:{server.server_port}/api/public/v1"
    connection = {"conn_type": "airbyte", "host": scripted.url, "login": scripted.client_id, "password": "secret"}
    monkeypatch.setenv("AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps({**connection, "extra": {"timeout": 20}}))
    yield scripted
    server.shutdown()
    server.server_close()


class TaskStateStore(dict[str, Any]):
    """Airflow's store of a task's state, which outlives its tries."""

    def set(self, key: str, value: Any) -> None:
        self[key] = value

    def delete(self, key: str) -> None:
        self.pop(key, None)


@pytest.fixture
def context() -> dict[str, Any]:
    """The part of a task's context that a sync uses."""
    return {"task_state_store": TaskStateStore(), "outlet_events": OutletEventAccessors()}
