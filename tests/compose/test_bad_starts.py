"""What goes wrong at a start is one clear sentence where the person looks."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from slack_sdk import WebClient

from tests.compose.conftest import COMPOSE, Containers
from tests.integration.stack import MARTS, wait_for
from tests.integration.test_channel import messages

pytestmark = pytest.mark.slow


def preflight(stack: Containers) -> subprocess.CompletedProcess[str]:
    """What `make up STACK=compose` asks first."""
    command = [sys.executable, "-m", "local.stack.containers"]
    return subprocess.run(command, cwd=stack.folder, env=stack.variables, capture_output=True, text=True, timeout=60)


def test_the_stack_that_runs_is_not_in_its_own_way(stack: Containers) -> None:
    result = preflight(stack)
    assert (result.returncode, result.stderr) == (0, "")


def test_without_an_env_file(stack: Containers, tmp_path: Path) -> None:
    for name in ("docker-compose.yaml", "deploy"):
        source = stack.folder / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    result = subprocess.run([str(COMPOSE), "up"], cwd=tmp_path, env=stack.variables, capture_output=True, text=True)
    assert result.returncode != 0
    assert "run make env" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_a_port_that_somebody_else_has(stack: Containers) -> None:
    port = stack.values["WORLD_PORT"]
    stack.compose("stop", "world")
    try:
        with socket.create_server(("127.0.0.1", int(port))):
            result = preflight(stack)
    finally:
        stack.compose("start", "world")
    assert result.returncode == 1
    assert result.stderr.startswith(f"Port {port} is taken")
    assert len(result.stderr.strip().splitlines()) == 1


def test_a_broken_dag_file_is_told_in_the_channel(stack: Containers, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("from airflow.sdk import DAG\n\nDAG('broken', schedule=None).missing\n")
    stack.compose("cp", str(broken), "dag-processor:/opt/airflow/dags/broken.py")
    container = stack.containers()["dag-processor"]
    try:
        wait_for(
            lambda: any("broken.py" in text for text in messages(stack)),
            "a message about the broken file",
            seconds=300,
        )
        errors = stack.api.call("GET", "/importErrors")["import_errors"]
        assert [error["filename"] for error in errors] == ["broken.py"]
    finally:
        stack.engine("exec", "--user", "0", container, "rm", "/opt/airflow/dags/broken.py")


def test_a_snowflake_account_that_is_not_there(stack: Containers) -> None:
    """The doctor says it before anything runs; the channel says it when a pipeline has."""
    wrong = '{"conn_type": "snowflake", "login": "META", "password": "x", "extra": {"account": "wrong"}}'
    doctor = ["python", "-m", "include.metalayer.doctor"]
    one_off = ["run", "--rm", "--no-deps", "-T", "--env", f"AIRFLOW_CONN_SNOWFLAKE_META={wrong}", "scheduler"]
    said = stack.compose(*one_off, *doctor, check=False)
    assert "does not reach Snowflake" in said
    assert "Correct account" in said

    before = stack.env_file.read_text()
    stack.env_file.write_text(f"{before}SNOWFLAKE_HOST=wrong.snowflake.invalid\n")
    try:
        stack.compose("up", "--no-build", "--detach")
        assert stack.run(MARTS)["state"] == "failed"
        wait_for(
            lambda: any(
                "dbt does not reach Snowflake: correct SNOWFLAKE_ACCOUNT" in text for text in everything(stack)
            ),
            "the channel to say why",
            seconds=120,
        )
    finally:
        stack.env_file.write_text(before)
        stack.up()
    assert stack.run(MARTS)["state"] == "success"


def everything(stack: Containers) -> list[str]:
    """Each message of the channel with its blocks and its thread, as JSON."""
    client = WebClient(token=stack.values["SLACK_BOT_TOKEN"], base_url=f"{stack.layout.slack_url}/api/")
    channel = stack.values["SLACK_CHANNEL"]
    roots = client.conversations_history(channel=channel, limit=20, include_all_metadata=False)["messages"]
    return [
        json.dumps(message, ensure_ascii=False)
        for root in roots
        for message in client.conversations_replies(channel=channel, ts=root["ts"])["messages"]
    ]
