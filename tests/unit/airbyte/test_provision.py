"""The command's words and exit status when Airbyte is not as it should be; the rest runs against a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.airbyte import provision
from include.airbyte.client import Client
from include.airbyte.desired import Kind, desired
from include.airbyte.plan import Actual, PlanError, plan
from include.settings.environment import load
from include.sources import catalog

VARIABLES = {
    "STOREFRONT_DB_HOST": "127.0.0.1",
    "STOREFRONT_DB_PORT": "5442",
    "STOREFRONT_DB_NAME": "storefront",
    "STOREFRONT_DB_USER": "reader",
    "STOREFRONT_DB_PASSWORD": "storefront-password",
    "PAYMENTS_API_KEY": "payments-key",
    "PRODUCT_ANALYTICS_API_KEY": "analytics-key",
    "PRODUCT_ANALYTICS_SECRET_KEY": "analytics-secret",
    "SNOWFLAKE_HOST": "example.snowflakecomputing.com",
    "SNOWFLAKE_LOADER_USER": "LOADER",
    "SNOWFLAKE_LOADER_PASSWORD": "loader-password",
    "AIRBYTE_CLIENT_SECRET": "secret",
}


@pytest.fixture
def variables(airbyte, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**VARIABLES, "AIRBYTE_URL": airbyte.url, "AIRBYTE_CLIENT_ID": airbyte.client_id}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AIRBYTE_WORKSPACE_ID", raising=False)


def run(tmp_path: Path, *arguments: str) -> int:
    return provision.main([*arguments, "--state", str(tmp_path / "known.json")])


def one_sentence(capsys: pytest.CaptureFixture[str]) -> str:
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.usefixtures("variables")
def test_an_airbyte_that_is_away_is_one_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AIRBYTE_URL", "http://127.0.0.1:9/api/public/v1")
    assert run(tmp_path) == 1
    assert "No Airbyte answers at http://127.0.0.1:9/api/public/v1" in one_sentence(capsys)


@pytest.mark.usefixtures("variables")
def test_a_missing_variable_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("PAYMENTS_API_KEY")
    assert run(tmp_path, "--check") == 1
    assert "PAYMENTS_API_KEY is not set" in one_sentence(capsys)


@pytest.mark.usefixtures("variables")
def test_refused_credentials_are_one_sentence(tmp_path, capsys, airbyte):
    airbyte.answer_next("POST", "/applications/token", 401, {})
    assert run(tmp_path) == 1
    assert "check the client id and secret" in one_sentence(capsys)


@pytest.mark.usefixtures("variables")
def test_an_address_without_the_api_is_one_sentence(tmp_path, capsys, airbyte):
    assert run(tmp_path) == 1
    assert "answered 404" in one_sentence(capsys)


@pytest.mark.usefixtures("variables")
def test_nothing_is_changed_when_airbyte_has_a_name_twice(tmp_path, capsys, airbyte):
    airbyte.answer_next("GET", "/workspaces", 200, {"data": [{"workspaceId": "w1", "name": "ours"}]})
    airbyte.answer_next("GET", "/workspaces", 200, {"data": []})
    twice = [{"sourceId": "a", "name": "payments"}, {"sourceId": "b", "name": "payments"}]
    airbyte.answer_next("GET", "/sources", 200, {"data": twice})
    airbyte.answer_next("GET", "/sources", 200, {"data": []})
    airbyte.answer_next("GET", "/destinations", 200, {"data": []})
    assert run(tmp_path) == 1
    assert "two sources named `payments` (a and b)" in one_sentence(capsys)
    assert {request.method for request in airbyte.requests if "token" not in request.path} == {"GET"}


@pytest.mark.usefixtures("variables")
def test_a_state_that_cannot_be_read_is_one_sentence(tmp_path, capsys, airbyte):
    airbyte.answer_next("GET", "/workspaces", 200, {"data": [{"workspaceId": "w1", "name": "ours"}]})
    for path in ("/workspaces", "/sources", "/destinations", "/connections"):
        airbyte.answer_next("GET", path, 200, {"data": []})
    assert provision.main(["--state", str(tmp_path)]) == 1
    assert f"cannot be kept in {tmp_path}" in one_sentence(capsys)


@pytest.mark.parametrize(
    ("found", "wanted", "chosen"),
    [({"w1": "a"}, "", "w1"), ({"w1": "a", "w2": "b"}, "w2", "w2")],
)
@pytest.mark.usefixtures("variables")
def test_the_workspace_is_the_named_or_the_only_one(airbyte, found, wanted, chosen):
    assert provision.find_workspace(_client(airbyte, found), wanted) == chosen


@pytest.mark.parametrize(("found", "wanted"), [({"w1": "a", "w2": "b"}, ""), ({"w1": "a"}, "w9"), ({}, "")])
@pytest.mark.usefixtures("variables")
def test_a_workspace_is_never_guessed(airbyte, found, wanted):
    with pytest.raises(PlanError, match="Set AIRBYTE_WORKSPACE_ID to one of"):
        provision.find_workspace(_client(airbyte, found), wanted)


@pytest.mark.usefixtures("variables")
def test_what_is_printed_has_no_secret(airbyte):
    wanted = desired(catalog.sources(), load())
    changes = plan(wanted, Actual({kind: {} for kind in Kind}), lambda *_: [])
    shown = "".join(f"{change} {change!r}" for change in changes) + repr(wanted)
    secrets = [value for name, value in VARIABLES.items() if name.endswith(("PASSWORD", "_KEY"))]
    assert len(secrets) == 5
    assert [secret for secret in secrets if secret in shown] == []


def _client(airbyte, found: dict[str, str]) -> Client:
    listed = [{"workspaceId": identity, "name": name} for identity, name in found.items()]
    if listed:
        airbyte.answer_next("GET", "/workspaces", 200, {"data": listed})
    airbyte.answer_next("GET", "/workspaces", 200, {"data": []})
    return provision.connect(load())
