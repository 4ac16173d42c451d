"""Webhooks over the whole road: GitHub's own examples become rows and messages, what is refused leaves no trace."""

from __future__ import annotations

import json
import random
import shutil
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from include.firehose.designs import deployment, pull_request, push
from include.firehose.designs.telling import Setting, Telling
from include.firehose.event import Event, Kind
from include.firehose.webhooks.receive import MAX_BODY_BYTES, application
from include.settings.vocabulary import Severity
from tests.integration.firehose.road import Road
from tests.standins import ROOT, free_port
from tests.unit.firehose.webhooks import payloads
from tests.unit.firehose.webhooks.payloads import SECRET, buildkite_headers, encoded, github_headers

GITHUB, BUILDKITE = "/webhooks/github", "/webhooks/buildkite"
EXAMPLES = "@octokit/webhooks-examples@7.6.1"
TOLD = ("pull_request", "pull_request_review", "push", "workflow_run")
DESIGNS = {"gh:pr:": pull_request.tell, "gh:push:": push.tell, "bk:build:": deployment.tell}


@pytest.fixture(scope="session")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, dict[str, Any]]]:
    """GitHub's example payloads as (event, payload), of github.com and of every Enterprise Server there is."""
    folder = tmp_path_factory.mktemp("octokit")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"GitHub's example payloads are NOT TESTED: there is no npm to fetch {EXAMPLES} with.")
    packed = subprocess.run([npm, "pack", EXAMPLES], cwd=folder, capture_output=True, text=True, timeout=120)
    if packed.returncode != 0:
        pytest.skip(f"GitHub's example payloads are NOT TESTED: the npm registry gave no {EXAMPLES}: {packed.stderr}")
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    found = []
    for index in sorted(folder.glob("package/*/index.json")):
        for event in json.loads(index.read_text()):
            found += [(event["name"], example) for example in event["examples"]]
    assert len(found) > 300
    return found


@pytest.fixture
def door(road: Road, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    for name, value in road.environment(GITHUB_WEBHOOK_SECRET=SECRET, BUILDKITE_WEBHOOK_TOKEN=SECRET).items():
        monkeypatch.setenv(name, value)
    with TestClient(application(), raise_server_exceptions=False) as client:
        yield client


def from_github(door: TestClient, name: str, payload: Any, **more: str) -> httpx.Response:
    body = encoded(payload)
    return door.post(GITHUB, content=body, headers=github_headers(name, body, **more))


def from_buildkite(door: TestClient, payload: Any) -> httpx.Response:
    body = encoded(payload)
    return door.post(BUILDKITE, content=body, headers=buildkite_headers(body, time.time()))


def subjects(road: Road) -> dict[str, list[Event]]:
    """The events of the outbox by their subject."""
    found: dict[str, list[Event]] = {}
    for row in road.rows("select * from event order by random()"):
        names = ("event_id", "series", "subject_key", "occurred_at", "payload")
        event = Event(**{name: row[name] for name in names}, kind=Kind(row["kind"]), severity=Severity(row["severity"]))
        found.setdefault(event.subject_key, []).append(event)
    return found


def told(key: str, events: list[Event]) -> Telling:
    (tell,) = [tell for prefix, tell in DESIGNS.items() if key.startswith(prefix)]
    return tell(events, Setting(airflow_url="http://airflow"))


def story() -> list[tuple[str, dict[str, Any]]]:
    """A pull request from its opening to its deployment, as (sender, payload)."""
    checks = {"name": "backbeat", "slug": "backbeat"}
    on_head = {"branch": "clock", "commit": "a" * 40, "pull_request": {"id": "7"}, "id": "b-1"}
    merge = "a1b2c3d" + "0" * 33
    message = "Mend the clock (#7)"
    return [
        ("pull_request", payloads.pull_request("opened", "2026-11-23T06:00:00Z")),
        ("buildkite", payloads.running(pipeline=checks, **on_head)),
        ("workflow_run", payloads.workflow_run("completed", "success", "2026-11-23T06:03:00Z")),
        ("buildkite", payloads.finished("passed", "06:06:12", pipeline=checks, **on_head)),
        ("pull_request_review", payloads.review("approved", "2026-11-23T06:08:00Z")),
        ("pull_request", payloads.merged("2026-11-23T06:10:00Z", merge)),
        ("buildkite", payloads.running(message=message)),
        ("buildkite", payloads.finished("passed", "06:12:00", message=message, blocked=True)),
        ("buildkite", payloads.activated("06:13:00")),
        ("buildkite", payloads.finished("passed", "06:15:00", message=message)),
    ]


def tell_story(door: TestClient, chapters: list[tuple[str, dict[str, Any]]]) -> None:
    for sender, payload in chapters:
        answer = from_buildkite(door, payload) if sender == "buildkite" else from_github(door, sender, payload)
        assert answer.status_code == 200, answer.text


def test_every_told_example_of_github_becomes_one_message_per_pull_request(
    road: Road, door: TestClient, examples: list[tuple[str, dict[str, Any]]]
):
    dice = random.Random(7)
    chosen = [(name, payload) for name, payload in examples if name in TOLD]
    dice.shuffle(chosen)
    for name, payload in chosen:
        assert from_github(door, name, payload).status_code in (200, 202)
    found = subjects(road)
    numbers = {
        (event["repository"]["full_name"].lower(), event["number"]) for name, event in chosen if "number" in event
    }
    assert {key for key in found if key.startswith("gh:pr:")} >= {
        f"gh:pr:{repository}:{n}" for repository, n in numbers
    }
    for key, events in found.items():
        telling = told(key, events)
        assert telling.message.text
        assert len({line.event_id for line in telling.lines}) == len(telling.lines)
    assert any(key.startswith("gh:push:") for key in found)


def test_every_example_of_github_is_told_or_politely_ignored(
    road: Road, door: TestClient, examples: list[tuple[str, dict[str, Any]]]
):
    answers = {from_github(door, name, payload).status_code for name, payload in examples if name not in TOLD}
    assert answers == {202}
    assert road.rows("select * from event") == []


def test_what_is_refused_leaves_no_row(road: Road, door: TestClient):
    opened, running = encoded(payloads.pull_request("opened", "2026-11-23T06:00:00Z")), encoded(payloads.running())
    large = b'{"padding":"' + b"x" * MAX_BODY_BYTES + b'"}'
    plain = {"content-type": "application/json"}
    refused = [
        (GITHUB, opened, plain, 401),
        (GITHUB, opened, github_headers("pull_request", opened, secret="another"), 401),
        (GITHUB, opened.replace(b"ada", b"eve"), github_headers("pull_request", opened), 401),
        (GITHUB, large, github_headers("pull_request", large), 413),
        (GITHUB, b"{", github_headers("pull_request", b"{"), 400),
        (GITHUB, opened, github_headers("pull_request", opened) | {"content-type": "text/plain"}, 415),
        (BUILDKITE, running, plain, 401),
        (BUILDKITE, running, plain | {"x-buildkite-token": SECRET}, 401),
        (BUILDKITE, running, buildkite_headers(running, time.time() - 400), 401),
        (BUILDKITE, running, buildkite_headers(running, time.time() + 400), 401),
        (BUILDKITE, b"[]", buildkite_headers(b"[]", time.time()), 400),
    ]
    for path, body, headers, status in refused:
        assert door.post(path, content=body, headers=headers).status_code == status
    assert road.rows("select * from event") == []
    assert not road.spool.exists()
    # The same bodies, signed, are taken: what kept them out was the door.
    assert door.post(GITHUB, content=opened, headers=github_headers("pull_request", opened)).status_code == 200
    assert door.post(BUILDKITE, content=running, headers=buildkite_headers(running, time.time())).status_code == 200
    assert len(road.rows("select * from event")) == 2


def test_a_delivery_that_comes_again_writes_nothing_twice(road: Road, door: TestClient):
    payload = payloads.pull_request("opened", "2026-11-23T06:00:00Z")
    first = from_github(door, "pull_request", payload)
    road.rows("update event set composed_at = now()")
    again = from_github(door, "pull_request", payload)
    renamed = from_github(door, "pull_request", payload, delivery="d-2")
    assert [answer.status_code for answer in (first, again, renamed)] == [200, 200, 200]
    assert first.json() == again.json() == renamed.json()
    assert len(road.rows("select * from event")) == 1
    assert not road.rows("select * from event where composed_at is null")


def test_another_fact_under_a_delivery_id_seen_before_is_not_lost(road: Road, door: TestClient):
    from_github(door, "pull_request", payloads.pull_request("opened", "2026-11-23T06:00:00Z"), delivery="d-1")
    from_github(door, "pull_request", payloads.pull_request("closed", "2026-11-23T06:09:00Z"), delivery="d-1")
    assert len(road.rows("select * from event")) == 2


def test_with_the_database_away_the_spool_takes_it_and_the_outbox_gets_it_later(
    road: Road, door: TestClient, monkeypatch: pytest.MonkeyPatch
):
    with socket.socket() as silent:
        # Takes the connection and never says a word.
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"postgresql+psycopg://nobody:none@127.0.0.1:{silent.getsockname()[1]}/firehose"
        monkeypatch.setenv("FIREHOSE_DSN", address)
        began = time.monotonic()
        assert from_github(door, "push", payloads.push()).status_code == 200
        assert time.monotonic() - began < 2.5
    assert road.rows("select * from event") == []
    assert len(road.spool.read_text().splitlines()) == 1
    road.dispatcher()
    road.wait(lambda: road.rows("select * from event"), "the spool was replayed")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_story_in_any_order_ends_the_same(road: Road, door: TestClient, seed: int):
    chapters = story()
    random.Random(seed).shuffle(chapters)
    tell_story(door, chapters)
    found = subjects(road)
    assert {key: told(key, events).message.text for key, events in found.items()} == {
        "gh:pr:acme/backbeat:7": (
            "● backbeat #7 Mend the clock · merged 06:10 by bob · deployed 06:15 with backbeat deploy #128"
            " · approved by bob"
        ),
        f"bk:build:{payloads.BUILD}": (
            "● backbeat deploy #128 main a1b2c3d · deployed in 13m00s · started 06:02 · by Ada · Mend the clock (#7)"
        ),
    }


def test_a_pull_request_and_its_deployment_are_two_messages_in_slack(road: Road, door: TestClient):
    chapters = story()
    road.dispatcher()
    tell_story(door, chapters[:1])
    road.wait(road.texts, "the opening was posted")
    assert road.texts() == ["✦ backbeat #7 Mend the clock · opened 2026-11-23 06:00"]
    tell_story(door, chapters[1:])

    def ended() -> bool:
        texts = road.texts()
        return len(texts) == 2 and all(text.startswith("●") for text in texts)

    road.wait(ended, "both messages told the end")
    assert ["deployed 06:15" in road.texts()[0], "deployed in 13m00s" in road.texts()[1]] == [True, True]


def test_a_task_process_that_imports_the_plugin_loads_no_web_server(road: Road):
    program = "import sys, plugins.firehose_webhooks; print({'starlette', 'fastapi'} & set(sys.modules))"
    answer = road.run("-c", program)
    assert answer.stdout.splitlines()[-1] == "set()", answer.stderr


@pytest.fixture
def api_server(road: Road) -> Iterator[str]:
    """The address of an API server of Airflow's that has this repository's plugins."""
    port = free_port()
    (road.folder / "airflow").mkdir()
    environment = road.environment(
        GITHUB_WEBHOOK_SECRET=SECRET,
        AIRFLOW_HOME=str(road.folder / "airflow"),
        AIRFLOW_CONFIG=str(ROOT / "config" / "airflow.cfg"),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
        AIRFLOW__CORE__DAGS_FOLDER=str(road.folder),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=road.postgres.dsn("airflow").replace("postgresql:", "postgresql+psycopg2:"),
        AIRFLOW__API__BASE_URL=f"http://127.0.0.1:{port}",
        PYTHONPATH=f"{ROOT}:{ROOT / 'config'}",
    )
    migrated = road.run("-m", "airflow", "db", "migrate", env=environment)
    assert migrated.returncode == 0, migrated.stderr
    log = road.folder / "api-server.log"
    command = [
        sys.executable,
        "-m",
        "airflow",
        "api-server",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 180
        while not _answers(url):
            assert process.poll() is None, log.read_text()[-5000:]
            assert time.monotonic() < deadline, log.read_text()[-5000:]
            time.sleep(0.5)
        yield url
    finally:
        process.terminate()
        process.wait(60)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/api/v2/version", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def test_airflows_own_server_has_the_door_and_asks_for_no_login(road: Road, api_server: str):
    body = encoded(payloads.pull_request("opened", "2026-11-23T06:00:00Z"))
    door = f"{api_server}/firehose{GITHUB}"
    assert httpx.post(door, content=body, headers={"content-type": "application/json"}).status_code == 401
    assert road.rows("select * from event") == []
    assert httpx.post(door, content=body, headers=github_headers("pull_request", body)).status_code == 200
    assert [row["seen_via"] for row in road.rows("select seen_via from event")] == [["webhook"]]
    unset = httpx.post(f"{api_server}/firehose{BUILDKITE}", content=body, headers={"content-type": "application/json"})
    assert unset.status_code == 503
    assert "BUILDKITE_WEBHOOK_TOKEN" in unset.text
    for path in ("/", "/docs", "/openapi.json", "/webhooks"):
        assert httpx.get(f"{api_server}/firehose{path}").status_code == 404
    # What needs a login still does.
    assert httpx.get(f"{api_server}/api/v2/dags").status_code == 401
