"""A plain client of the public API, for what the SDK hides: statuses, documents, and what only the stand-in has."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.standins import Standin

PUBLIC = "/api/public/v1"
CLIENT_ID = "local-client"
CLIENT_SECRET = "local-client-secret-0000000000"
TERMINAL = {"succeeded", "failed", "cancelled"}
WAIT_SECONDS = 180


@dataclass
class Airbyte:
    """One server, its workspace, and shortcuts for what most tests do."""

    standin: Standin
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.http = httpx.Client(base_url=self.standin.url, timeout=60)
        self.authenticate()

    def authenticate(self) -> None:
        credentials = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        answer = self.http.post(f"{PUBLIC}/applications/token", data=credentials).raise_for_status()
        self.http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    @property
    def public_url(self) -> str:
        return f"{self.standin.url}{PUBLIC}"

    @property
    def workspace(self) -> str:
        return str(self.get("/workspaces")["data"][0]["workspaceId"])

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(f"{PUBLIC}{path}", params=query).raise_for_status().json()

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.http.post(f"{PUBLIC}{path}", json=body)

    def created(self, path: str, body: Any) -> Any:
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def source(self, name: str, source_type: str, configuration: dict[str, Any]) -> str:
        body = {"name": name, "workspaceId": self.workspace}
        made = self.created("/sources", {**body, "configuration": {"sourceType": source_type, **configuration}})
        return str(made["sourceId"])

    def destination(self, configuration: dict[str, Any]) -> str:
        body = {"name": "warehouse", "workspaceId": self.workspace}
        whole = {"destinationType": "snowflake", **configuration}
        return str(self.created("/destinations", {**body, "configuration": whole})["destinationId"])

    def connection(self, name: str, source: str, destination: str, streams: list[dict[str, Any]], **more: Any) -> str:
        body = {
            "name": name,
            "sourceId": source,
            "destinationId": destination,
            "namespaceDefinition": "custom_format",
            "namespaceFormat": name,
            "configurations": {"streams": streams},
            **more,
        }
        return str(self.created("/connections", body)["connectionId"])

    def start(self, connection: str, job_type: str = "sync") -> int:
        return int(self.created("/jobs", {"connectionId": connection, "jobType": job_type})["jobId"])

    def job(self, job_id: int) -> dict[str, Any]:
        return dict(self.get(f"/jobs/{job_id}"))

    def wait(self, job_id: int, until: Callable[[dict[str, Any]], bool] | None = None) -> dict[str, Any]:
        """Poll until the job has ended, or until it is as asked."""
        reached = until or (lambda job: job["status"] in TERMINAL)
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            job = self.job(job_id)
            if reached(job):
                return job
            assert until is None or job["status"] not in TERMINAL, f"ended too early: {job}"
            time.sleep(0.05)
        raise AssertionError(f"job {job_id} did not get there in {WAIT_SECONDS} s: {job}")

    def run(self, connection: str, job_type: str = "sync") -> dict[str, Any]:
        return self.wait(self.start(connection, job_type))

    def sync(self, connection: str) -> dict[str, Any]:
        """A sync that must succeed."""
        job = self.run(connection)
        assert job["status"] == "succeeded", self.failure(job["jobId"])
        return job

    def details(self, job_id: int) -> dict[str, Any]:
        answer = self.http.post("/api/v1/jobs/get_without_logs", json={"id": job_id})
        return dict(answer.raise_for_status().json())

    def failure(self, job_id: int) -> dict[str, Any]:
        """The first failure of the job's last attempt."""
        return dict(self.details(job_id)["attempts"][-1]["attempt"]["failureSummary"]["failures"][0])

    def committed(self, job_id: int) -> dict[str, int]:
        """Records committed, by stream."""
        stats = self.details(job_id)["job"]["streamAggregatedStats"]
        return {stream["streamName"]: stream["recordsCommitted"] for stream in stats}

    def fault(self, kind: str, **parameters: Any) -> None:
        self.http.post("/_local/faults", json={"kind": kind, **parameters}).raise_for_status()

    def states(self, connection: str) -> list[dict[str, Any]]:
        return list(self.http.get(f"/_local/state/{connection}").raise_for_status().json())
