"""The firehose's road in a test: a real outbox, the dispatcher as a process, and the local Slack at its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from include.firehose import spool
from include.firehose.event import Event, Kind, RunState, TaskState, run_event_id, run_subject, task_event_id
from include.settings.vocabulary import Severity
from tests.standins import ROOT, Standin

CHANNEL = "C0FIREHOSE"
TOKEN = "xoxb-local-000000000000"
START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
PATIENCE_SECONDS = 120


def task_event(run_id: str, task_id: str, state: TaskState, *, second: int = 10, **more: Any) -> Event:
    """A task instance's end."""
    facts = {"dag_id": "orders", "run_id": run_id, "run_started_at": START.isoformat(), "task_total": 3}
    payload = facts | {"task_id": task_id, "map_index": -1, "try_number": 1, "max_tries": 1, "state": state.value}
    return Event(
        event_id=task_event_id("orders", run_id, task_id, -1, 1, state),
        kind=Kind.TASK,
        series=f"af:task:orders:{task_id}",
        subject_key=run_subject("orders", run_id),
        occurred_at=START + timedelta(seconds=second),
        severity=Severity.INFO,
        payload=payload | more,
    )


def run_event(run_id: str, state: RunState, *, second: int = 60) -> Event:
    """A DAG run's end."""
    return Event(
        event_id=run_event_id("orders", run_id, state),
        kind=Kind.RUN,
        series="af:dag:orders",
        subject_key=run_subject("orders", run_id),
        occurred_at=START + timedelta(seconds=second),
        severity=Severity.INFO,
        payload={
            "dag_id": "orders",
            "run_id": run_id,
            "run_started_at": START.isoformat(),
            "task_total": 3,
            "state": state.value,
        },
    )


def whole_run(run_id: str) -> list[Event]:
    """A run of three tasks that succeeds."""
    tasks = [task_event(run_id, name, TaskState.SUCCESS, second=10 * place) for place, name in enumerate("abc")]
    return [*tasks, run_event(run_id, RunState.SUCCESS)]


def _shown(reply: dict[str, Any]) -> list[str]:
    """The lines of a reply, a failure's as its fallback text says it."""
    first = reply["blocks"][0]
    if first["type"] != "rich_text":
        return [str(reply["text"])]
    return str(first["elements"][0]["elements"][0]["text"]).split("\n")


@dataclass
class Road:
    """Both ends of the road and whatever runs on it."""

    postgres: Standin
    slack: Standin
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def spool(self) -> Path:
        return self.folder / "spool.jsonl"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of the platform's processes."""
        dsn = self.postgres.dsn("firehose").replace("postgresql://", "postgresql+psycopg://")
        return {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "FIREHOSE_DSN": dsn,
            "FIREHOSE_SPOOL": str(self.spool),
            "SLACK_API_URL": f"{self.slack.url}/api/",
            "SLACK_BOT_TOKEN": TOKEN,
            "SLACK_CHANNEL": CHANNEL,
            **more,
        }

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run a Python program of the platform to its end."""
        arguments = [sys.executable, *command]
        return subprocess.run(
            arguments, cwd=ROOT, env=env or self.environment(), capture_output=True, text=True, timeout=300
        )

    def dispatcher(self, *program: str) -> subprocess.Popen[bytes]:
        """Start a dispatcher, or the program given, which is one."""
        log = (self.folder / f"dispatcher-{len(self.processes)}.log").open("wb")
        command = [sys.executable, *(program or ("-m", "include.firehose")), "dispatch", "--lease-seconds", "3"]
        process = subprocess.Popen(command, cwd=ROOT, env=self.environment(), stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log(self, process: subprocess.Popen[bytes]) -> str:
        return (self.folder / f"dispatcher-{self.processes.index(process)}.log").read_text()

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait(30)

    def report(self, *events: Event, env: Mapping[str, str] | None = None) -> None:
        """Hand the events over as a task's process does: through the bounded door, in a process of its own."""
        program = (
            "import sys\n"
            "from include.firehose import intake\n"
            "from include.firehose.event import Event, Road\n"
            "for line in sys.stdin:\n"
            "    assert intake.report(Event.from_json(line), road=Road.CALLBACK)\n"
        )
        lines = "".join(event.to_json() + "\n" for event in events)
        arguments = [sys.executable, "-c", program]
        subprocess.run(
            arguments, cwd=ROOT, env=env or self.environment(), input=lines, text=True, check=True, timeout=300
        )

    def spooled(self, *events: Event) -> None:
        """Leave the events in the spool, as a task does whose database is away."""
        for event in events:
            spool.append(self.spool, event)

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Ask the outbox."""
        with psycopg.connect(self.postgres.dsn("firehose"), row_factory=dict_row, autocommit=True) as connection:
            cursor = connection.execute(query, values)  # type: ignore[arg-type]
            return cursor.fetchall() if cursor.description else []

    def api(self, method: str, **arguments: Any) -> dict[str, Any]:
        """Call Slack as somebody else."""
        answer = httpx.post(
            f"{self.slack.url}/api/{method}", data=arguments, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30
        )
        return dict(answer.json())

    def messages(self) -> list[dict[str, Any]]:
        """What stands in the channel, oldest first, as far as a dispatcher wrote it."""
        history = self.api("conversations.history", channel=CHANNEL, limit=200, include_all_metadata="true")
        ours = [message for message in history["messages"] if message.get("metadata")]
        return sorted(ours, key=lambda message: float(message["ts"]))

    def thread(self, root: dict[str, Any]) -> list[str]:
        """The lines of a message's thread, in the order in which they stand there."""
        answer = self.api("conversations.replies", channel=CHANNEL, ts=root["ts"], limit=200)
        return [line for reply in answer["messages"][1:] for line in _shown(reply)]

    def texts(self) -> list[str]:
        return [message["text"] for message in self.messages()]

    def fault(self, kind: str, *, method: str = "chat.postMessage", **more: Any) -> None:
        """Let Slack misbehave."""
        answer = httpx.post(f"{self.slack.url}/_local/faults", json={"kind": kind, "method": method, **more})
        answer.raise_for_status()

    def calls(self, method: str) -> list[dict[str, Any]]:
        """The calls Slack has acted on."""
        entries = httpx.get(f"{self.slack.url}/_local/log").json()["entries"]
        return [entry for entry in entries if entry["method"] == method]

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        """Wait until the condition holds; fail with everything there is to know when it does not."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if condition():
                return
            time.sleep(0.2)
        logs = "\n---\n".join(self.log(process) for process in self.processes)
        deliveries = self.rows("select message_key, op, state, attempts, error from delivery")
        raise AssertionError(f"It never came that {what}.\n{deliveries}\n{logs}")

    def wait_until_told(self, run_ids: Sequence[str]) -> None:
        """Wait until every event is carried by a delivery that was sent, and nothing is left to send."""
        uncarried = """
            select event_id from event where not exists (
                select from delivery_event join delivery using (delivery_id)
                where delivery_event.event_id = event.event_id and state = 'sent')
        """
        left = "select delivery_id from delivery where state in ('pending', 'sending', 'unknown')"
        subjects = "select count(*) as n from subject where subject_key = any(%s)"
        keys = [run_subject("orders", run_id) for run_id in run_ids]
        self.wait(
            lambda: self.rows(subjects, keys)[0]["n"] == len(keys) and not self.rows(uncarried) and not self.rows(left),
            "every event was carried by a message",
        )
