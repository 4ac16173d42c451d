"""An Airflow to be tormented, the reconciler that watches it, and what stands in the outbox and in the channel."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
from psycopg.rows import dict_row

from include.firehose import database
from include.firehose.event import Event, Kind, run_subject
from include.firehose.reconcile.api import AirflowRest
from include.firehose.reconcile.reconciler import Reconciler
from include.settings.vocabulary import Severity
from tests.integration.stack import wait_for
from tests.integration.transform.lab import Lab

DAGS = ("torture", "killed", "overtime", "wide")
CHANNEL = "C0FIREHOSE"
PAUSE_SECONDS = 3.0


@dataclass
class Torture(Lab):
    """A stack without dbt models, with DAGs that end in every way there is."""

    rounds: list[float] = field(default_factory=list)

    def open(self, project: Path) -> None:
        self.open_lab(project, (), DAGS)

    @property
    def dsn(self) -> str:
        return self.layout.postgres_dsn("firehose")

    def reconciler(self) -> Reconciler:
        """A reconciler as the platform runs it, with connections of its own."""
        rest = AirflowRest(self.layout.airflow_url, "admin", self.values["AIRFLOW_ADMIN_PASSWORD"])
        return Reconciler(database.engine(self.layout.postgres_dsn("firehose", "psycopg")), rest)

    @contextmanager
    def reconciling(self) -> Iterator[None]:
        """Let the reconciler work beside the test; its seconds per round are kept in `rounds`."""
        over = threading.Event()
        failed: list[BaseException] = []

        def work() -> None:
            reconciler = self.reconciler()
            try:
                while not over.is_set():
                    began = time.monotonic()
                    reconciler.round()
                    self.rounds.append(time.monotonic() - began)
                    over.wait(PAUSE_SECONDS)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=work, name="reconciler", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(120)
        assert not failed, failed

    def wait_running(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Wait until a task's own process is at work; its task instance."""

        def running() -> dict[str, Any] | None:
            found = next(row for row in self.api.tasks(dag_id, run_id) if row["task_id"] == task_id)
            return found if found["state"] == "running" and self.processes(f"worker -- {found['id']}") else None

        return dict(wait_for(running, f"{task_id} to run", 180))

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set the state of a task instance as the web UI does."""
        path = f"/dags/{dag_id}/dagRuns/{quote(run_id, safe='')}/taskInstances/{task_id}"
        self.api.call("PATCH", path, json={"new_state": state})

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the outbox."""
        with psycopg.connect(self.dsn, row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def events(self, dag_id: str, run_id: str) -> list[Event]:
        """What the outbox holds of a run."""
        rows = self.rows("select * from event where subject_key = %s", run_subject(dag_id, run_id))
        return [
            Event(
                row["event_id"],
                Kind(row["kind"]),
                row["series"],
                row["subject_key"],
                row["occurred_at"],
                Severity(row["severity"]),
                row["payload"],
            )
            for row in rows
        ]

    def message(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """The one message of a run, as it stands in the channel; fails when there are several."""
        found = self.rows(
            "select distinct slack_ts from delivery where subject_key = %s and op = 'post' and state = 'sent'",
            run_subject(dag_id, run_id),
        )
        assert len(found) == 1, found
        return next(message for message in self._messages() if message["ts"] == found[0]["slack_ts"])

    def _messages(self) -> list[dict[str, Any]]:
        answer = httpx.post(
            f"{self.layout.slack_url}/api/conversations.history",
            data={"channel": CHANNEL, "limit": 200, "include_all_metadata": "true"},
            headers={"Authorization": f"Bearer {self.values['SLACK_BOT_TOKEN']}"},
            timeout=30,
        ).json()
        return list(answer["messages"])
