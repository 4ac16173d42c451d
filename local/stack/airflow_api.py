"""The few calls of Airflow's REST API that the local stack makes: the same that the README shows to people."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx

from local.stack.errors import StackError
from local.stack.layout import ROOT

POOLS = ROOT / "config" / "pools.json"


class AirflowApi:
    """A client of Airflow's REST API (v2) that gets a token with the admin's password and renews it when refused."""

    def __init__(self, url: str, password: str) -> None:
        self._url = url
        self._password = password
        self._client = httpx.Client(base_url=f"{url}/api/v2", timeout=60, trust_env=False)

    @property
    def token(self) -> str:
        """The admin's token, as a browser's cookie `_token` holds it."""
        if "Authorization" not in self._client.headers:
            self._authenticate()
        return self._client.headers["Authorization"].removeprefix("Bearer ")

    def _authenticate(self) -> None:
        credentials = {"username": "admin", "password": self._password}
        answer = httpx.post(f"{self._url}/auth/token", json=credentials, timeout=30, trust_env=False)
        if answer.status_code == 401:
            raise StackError("Airflow refuses the password in .env (AIRFLOW_ADMIN_PASSWORD). Run make down up.")
        answer.raise_for_status()
        self._client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, **options: Any) -> Any:
        """One call; the answer's JSON. Raises StackError with Airflow's own words when it is refused."""
        if "Authorization" not in self._client.headers:
            self._authenticate()
        answer = self._client.request(method, path, **options)
        if answer.status_code == 401:
            self._authenticate()
            answer = self._client.request(method, path, **options)
        if answer.is_error:
            raise StackError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    def wait_for_dags(self, dag_ids: Sequence[str], seconds: float = 120) -> None:
        """Wait until every DAG is there.

        Raises StackError with the first import error, or with the DAGs that are missing when the time is over.
        """
        deadline = time.monotonic() + seconds
        while True:
            present = {dag["dag_id"] for dag in self.call("GET", "/dags", params={"limit": 100})["dags"]}
            if present.issuperset(dag_ids):
                return
            errors = self.call("GET", "/importErrors")["import_errors"]
            if errors:
                error = errors[0]
                trace = error["stack_trace"].strip().splitlines()
                raise StackError(
                    f"{error['filename']} cannot be imported: {trace[-1] if trace else ''}\n" + "\n".join(trace[-8:])
                )
            if time.monotonic() > deadline:
                raise StackError(
                    f"Airflow did not find the DAGs {sorted(set(dag_ids) - present)}. See .local/logs/dag-processor.log"
                )
            time.sleep(0.5)

    def unpause(self, dag_id: str) -> None:
        self.call("PATCH", f"/dags/{dag_id}", json={"is_paused": False})

    def ensure_pools(self) -> None:
        """Create those of the platform's pools that are missing; a deployment runs `airflow pools import` instead."""
        present = {pool["name"] for pool in self.call("GET", "/pools", params={"limit": 100})["pools"]}
        for name, pool in json.loads(POOLS.read_text()).items():
            if name not in present:
                self.call("POST", "/pools", json={"name": name, **pool})

    def trigger(self, dag_id: str) -> str:
        """Start a run; its id.

        A paused DAG may owe the run of its latest scheduled time. The run then takes that time as its logical date, so
        that the scheduler, when the DAG is unpaused, finds it done and makes no second one.
        """
        due = self.call("GET", f"/dags/{dag_id}")
        owed = due["next_dagrun_run_after"] and datetime.fromisoformat(due["next_dagrun_run_after"]) <= datetime.now(
            UTC
        )
        body = {"logical_date": due["next_dagrun_logical_date"] if owed else None}
        return str(self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def latest_run(self, dag_id: str, **filters: Any) -> dict[str, Any] | None:
        """The newest run of a DAG (with the filters of POST dagRuns/list), or None.

        Asked of all DAGs, because for one DAG Airflow loads the whole of it for each question.
        """
        wanted = {"dag_ids": [dag_id], "order_by": "-run_after", "page_limit": 1, **filters}
        runs = self.call("POST", "/dags/~/dagRuns/list", json=wanted)["dag_runs"]
        return dict(runs[0]) if runs else None

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """The task instances of a run, all pages of them."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        found: list[dict[str, Any]] = []
        while True:
            page = self.call("GET", path, params={"limit": 100, "offset": len(found)})
            found += page["task_instances"]
            if not page["task_instances"] or len(found) >= page["total_entries"]:
                return found
