"""The door: in which order it asks, what it answers, and that what is refused leaves no trace."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from include.firehose.webhooks import receive
from tests.standins import free_port
from tests.unit.firehose.webhooks.payloads import (
    SECRET,
    buildkite_headers,
    encoded,
    github_headers,
    pull_request,
    running,
)

GITHUB, BUILDKITE = "/webhooks/github", "/webhooks/buildkite"
OPENED = encoded(pull_request("opened", "2026-11-23T06:00:00Z"))


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spool, which takes everything because nobody listens where the outbox should be."""
    monkeypatch.setenv("FIREHOSE_DSN", f"postgresql+psycopg://nobody:none@127.0.0.1:{free_port()}/firehose")
    monkeypatch.setenv("FIREHOSE_SPOOL", str(tmp_path / "spool.jsonl"))
    monkeypatch.setenv("GITHUB_WEBHOOK_SECRET", SECRET)
    monkeypatch.setenv("BUILDKITE_WEBHOOK_TOKEN", SECRET)
    monkeypatch.delenv("BUILDKITE_WEBHOOK_AUTHENTICATION", raising=False)
    return tmp_path / "spool.jsonl"


@pytest.fixture
def door(spool: Path) -> Iterator[TestClient]:
    with TestClient(receive.application(), raise_server_exceptions=False) as client:
        yield client


def post(door: TestClient, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    answer = door.post(path, content=body, headers=headers)
    return answer.status_code, answer.json()


def test_what_is_signed_is_written_down_although_the_database_is_away(door: TestClient, spool: Path):
    status, said = post(door, GITHUB, OPENED, github_headers("pull_request", OPENED))
    assert (status, said) == (200, {"events": ["gh:pr:acme/backbeat:7:opened:2026-11-23T06:00:00Z"]})
    body = encoded(running())
    assert post(door, BUILDKITE, body, buildkite_headers(body, time.time()))[0] == 200
    kinds = [json.loads(line)["kind"] for line in spool.read_text().splitlines()]
    assert kinds == ["github.pull_request", "buildkite.build"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        (GITHUB, OPENED, {"content-type": "application/json"}, 401),
        (GITHUB, OPENED, github_headers("pull_request", OPENED, secret="another"), 401),
        (GITHUB, OPENED + b" ", github_headers("pull_request", OPENED), 401),
        (GITHUB, b"{not json", github_headers("pull_request", OPENED), 401),
        (GITHUB, b"{not json", github_headers("pull_request", b"{not json"), 400),
        (GITHUB, b"", github_headers("pull_request", b""), 400),
        (GITHUB, b"[1]", github_headers("pull_request", b"[1]"), 400),
        (GITHUB, b"\xff\xfe\x00", github_headers("pull_request", b"\xff\xfe\x00"), 400),
        (GITHUB, b"[" * 100_000, github_headers("pull_request", b"[" * 100_000), 400),
        (GITHUB, b'{"n":' + b"9" * 5000 + b"}", github_headers("pull_request", b'{"n":' + b"9" * 5000 + b"}"), 400),
        (GITHUB, b'{"action":"opened"}', github_headers("pull_request", b'{"action":"opened"}'), 422),
        (GITHUB, OPENED, github_headers("pull_request", OPENED) | {"content-type": "text/plain"}, 415),
        (GITHUB, OPENED, github_headers("p", OPENED) | {"content-type": "application/x-www-form-urlencoded"}, 415),
        (BUILDKITE, OPENED, buildkite_headers(OPENED, 1_700_000_000), 401),
        (BUILDKITE, OPENED, {"content-type": "application/json", "x-buildkite-token": SECRET}, 401),
    ],
    ids=lambda value: value if isinstance(value, (str, int)) else "",
)
def test_what_is_refused_leaves_no_trace(
    door: TestClient, spool: Path, path: str, body: bytes, headers: dict[str, str], status: int
):
    found, said = post(door, path, body, headers)
    assert (found, list(said)) == (status, ["refused"])
    assert not spool.exists()


def test_a_body_beyond_the_bound_is_refused_unread_when_it_says_its_size(door: TestClient, spool: Path):
    body = b" " * (receive.MAX_BODY_BYTES + 1)
    assert post(door, GITHUB, body, github_headers("push", body))[0] == 413
    assert not spool.exists()


def test_a_body_beyond_the_bound_is_refused_when_it_does_not(door: TestClient):
    sent = 0

    def chunks() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield b" " * 100_000

    answer = door.post(GITHUB, content=chunks(), headers=github_headers("push", b""))
    assert answer.status_code == 413


def test_a_body_within_the_bound_is_read_to_its_end(door: TestClient):
    body = OPENED + b" " * (receive.MAX_BODY_BYTES - len(OPENED))
    assert post(door, GITHUB, body, github_headers("pull_request", body))[0] == 200


def test_a_body_that_does_not_come_is_not_waited_for(door: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(receive, "BODY_SECONDS", 0.05)
    headers = [(name.encode(), value.encode()) for name, value in github_headers("pull_request", OPENED).items()]
    scope = {"type": "http", "method": "POST", "path": GITHUB, "query_string": b"", "headers": headers}
    answers: list[dict[str, Any]] = []

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def answered(message: Any) -> None:
        answers.append(message)

    asyncio.run(door.app(scope, never, answered))
    assert answers[0]["status"] == 408


@pytest.mark.parametrize(
    ("path", "variable"), [(GITHUB, "GITHUB_WEBHOOK_SECRET"), (BUILDKITE, "BUILDKITE_WEBHOOK_TOKEN")]
)
def test_without_a_secret_nothing_is_accepted_and_the_variable_is_named(
    door: TestClient, spool: Path, monkeypatch: pytest.MonkeyPatch, path: str, variable: str
):
    monkeypatch.setenv(variable, "")
    # The empty secret signs as well as any other.
    headers = github_headers("pull_request", OPENED, secret="") | buildkite_headers(OPENED, time.time(), secret="")
    status, said = post(door, path, OPENED, headers)
    assert status == 503
    assert variable in said["refused"]
    assert not spool.exists()


def test_the_plain_token_of_buildkite_counts_only_where_it_was_chosen(
    door: TestClient, monkeypatch: pytest.MonkeyPatch
):
    body = encoded(running())
    plain = {"content-type": "application/json", "x-buildkite-token": SECRET}
    assert post(door, BUILDKITE, body, plain)[0] == 401
    monkeypatch.setenv("BUILDKITE_WEBHOOK_AUTHENTICATION", "token")
    assert post(door, BUILDKITE, body, plain)[0] == 200
    assert post(door, BUILDKITE, body, plain | {"x-buildkite-token": "another"})[0] == 401
    monkeypatch.setenv("BUILDKITE_WEBHOOK_AUTHENTICATION", "none")
    status, said = post(door, BUILDKITE, body, plain)
    assert status == 503
    assert "BUILDKITE_WEBHOOK_AUTHENTICATION" in said["refused"]


def test_what_is_not_told_is_accepted_politely_and_counted(
    door: TestClient, spool: Path, caplog: pytest.LogCaptureFixture
):
    body = encoded({"action": "created"})
    with caplog.at_level(logging.INFO):
        for _ in range(2):
            assert post(door, GITHUB, body, github_headers("star", body)) == (202, {"ignored": "star created"})
    assert "`star created`, which is not told (2 so far)" in caplog.text
    assert not spool.exists()


def test_a_name_cannot_write_lines_of_its_own_into_the_log(door: TestClient):
    body = encoded({"event": "x\nERROR forged\x1b[31m" + "y" * 500})
    status, said = post(door, BUILDKITE, body, buildkite_headers(body, time.time()))
    assert status == 202
    assert said["ignored"].startswith("x ERROR forged")
    assert len(said["ignored"]) <= 100


def test_when_nothing_can_keep_it_the_sender_is_told(door: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FIREHOSE_SPOOL", str(tmp_path / "file" / "spool.jsonl"))
    status, said = post(door, GITHUB, OPENED, github_headers("pull_request", OPENED))
    assert status == 503
    assert "send it again" in said["refused"]


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/redoc", "/webhooks", "/webhooks/github/", "/webhooks/x"]
)
def test_there_is_nothing_else_behind_the_door(door: TestClient, path: str):
    for method in ("GET", "POST"):
        assert door.request(method, path, follow_redirects=False).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_only_a_post_is_heard(door: TestClient, method: str):
    assert door.request(method, GITHUB).status_code == 405
