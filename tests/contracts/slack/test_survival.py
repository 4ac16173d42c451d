"""What is left after a restart, a crash, a bad start."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.slack.clients import CHANNEL, client
from tests.standins import ROOT, Standin, start

PYTHON = ROOT / ".venvs" / "slack" / "bin" / "python"


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Standin]:
    """A server this test may kill."""
    server = start("slack", "--no-rate-limits", data_dir=tmp_path / "slack")
    yield server
    server.stop()


def test_everything_answered_ok_survives_a_kill(own_server: Standin) -> None:
    bot = client(own_server)
    root = bot.chat_postMessage(channel=CHANNEL, text="root")["ts"]
    sent = [bot.chat_postMessage(channel=CHANNEL, text=str(n), thread_ts=root)["ts"] for n in range(20)]
    bot.reactions_add(channel=CHANNEL, timestamp=root, name="eyes")
    bot.chat_update(channel=CHANNEL, ts=root, text="edited")
    own_server.kill()
    own_server.start()
    thread = bot.conversations_replies(channel=CHANNEL, ts=root)["messages"]
    assert [message["ts"] for message in thread] == [root, *sent]
    assert thread[0]["text"] == "edited"
    assert thread[0]["reactions"][0]["name"] == "eyes"
    assert bot.chat_postMessage(channel=CHANNEL, text="after")["ts"] > sent[-1]


def test_a_stop_is_clean_and_a_restart_finds_everything(own_server: Standin) -> None:
    bot = client(own_server)
    ts = bot.chat_postMessage(channel=CHANNEL, text="hello")["ts"]
    process = own_server.process
    own_server.restart()
    assert process is not None
    assert process.returncode == 0
    assert bot.conversations_history(channel=CHANNEL)["messages"][0]["ts"] == ts


def test_a_port_that_is_taken_is_a_sentence_and_no_traceback(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [str(PYTHON), "-m", "local.slack", "serve", "--port", port, "--data-dir", str(tmp_path / "slack")]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_data_directory_that_cannot_be_one_is_a_sentence(tmp_path: Path) -> None:
    in_the_way = tmp_path / "slack"
    in_the_way.write_text("a file")
    command = [str(PYTHON), "-m", "local.slack", "serve", "--port", "0", "--data-dir", str(in_the_way)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "Cannot open the data directory" in ended.stderr
