"""A backup brought into an empty stack: the same history, the same marts, the same outbox, the same channel."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.compose.conftest import Containers
from tests.compose.drills import all_is_well, beat, new_orders
from tests.integration.test_channel import messages
from tests.integration.test_numbers import contents

pytestmark = pytest.mark.slow


def script(stack: Containers, name: str, folder: Path) -> str:
    """Run a script of deploy/compose as a person would; what it printed."""
    command = [str(stack.folder / "deploy" / "compose" / name), str(folder)]
    result = subprocess.run(command, cwd=stack.folder, env=stack.variables, capture_output=True, text=True, timeout=900)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
    return result.stdout


def outbox(stack: Containers) -> dict[str, list[Any]]:
    """Every event, and every delivery with what became of it."""
    with psycopg.connect(stack.layout.postgres_dsn("firehose")) as connection:
        return {
            "events": connection.execute("select event_id, seen_via from event order by 1").fetchall(),
            "sent": connection.execute(
                "select delivery_id, slack_ts from delivery where state = 'sent' order by 1"
            ).fetchall(),
        }


def test_a_restored_stack_knows_what_the_old_one_knew(stack: Containers, tmp_path: Path) -> None:
    stack.clock(freeze=True)
    stack.run_everything()
    for dag in stack.api.call("GET", "/dags", params={"limit": 100})["dags"]:
        stack.api.call("PATCH", f"/dags/{dag['dag_id']}", json={"is_paused": True})
    runs, marts, told, channel = stack.runs(), contents(stack), outbox(stack), messages(stack)
    assert "The backup is in" in script(stack, "backup.sh", tmp_path)
    stack.compose("--profile", "*", "down", "--volumes")
    assert "Restored." in script(stack, "restore.sh", tmp_path)
    stack.up()

    assert stack.runs() == runs
    assert contents(stack) == marts
    assert set(messages(stack)) >= set(channel)
    after = outbox(stack)
    assert {event[0] for event in told["events"]} <= {event[0] for event in after["events"]}
    assert set(told["sent"]) <= set(after["sent"])

    # It goes on from there.
    for dag in stack.api.call("GET", "/dags", params={"limit": 100})["dags"]:
        stack.api.call("PATCH", f"/dags/{dag['dag_id']}", json={"is_paused": False})
    since = datetime.now(UTC)
    new_orders(stack)
    beat(stack, lambda: None)
    all_is_well(stack, since)


def test_a_backup_is_not_written_over_a_stack_that_is_there(stack: Containers, tmp_path: Path) -> None:
    (tmp_path / "airflow.dump").touch()
    result = subprocess.run(
        [str(stack.folder / "deploy" / "compose" / "restore.sh"), str(tmp_path)],
        cwd=stack.folder,
        env=stack.variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 1
    assert "There is a stack already" in result.stderr
    assert stack.unwell() == []
