"""Provisioning a real server: idempotent, complete, and it repairs whatever somebody changed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from include.sources import catalog


def find(stack: Any, kind: str, name: str) -> dict[str, Any]:
    (found,) = (item for item in stack.client.pages(f"/{kind}s") if item["name"] == name)
    return found


def test_the_second_run_has_nothing_to_do(stack, run_provision):
    assert run_provision()[0] == 0
    status, printed = run_provision()
    assert (status, printed.count("\n")) == (0, 1)
    assert printed.endswith("nothing to change.\n")


def test_a_check_of_an_equal_airbyte_is_silent_and_green(provisioned, run_provision):
    status, printed = run_provision("--check")
    assert (status, printed.count("\n")) == (0, 1)


def test_airbyte_has_what_the_declarations_say(provisioned):
    for source in catalog.sources():
        connection = find(provisioned, "connection", source.name)
        assert connection["schedule"] == {"scheduleType": "manual"}
        assert connection["namespaceFormat"] == source.name
        configured = {stream["name"]: stream for stream in connection["configurations"]["streams"]}
        assert configured.keys() == source.streams.keys()
        for name, stream in source.streams.items():
            assert configured[name]["syncMode"] == stream.sync_mode
            assert configured[name]["primaryKey"] == [[column] for column in stream.primary_key]
            assert configured[name]["cursorField"] == [stream.cursor]


@pytest.mark.parametrize(
    ("kind", "name", "by_hand", "drift"),
    [
        (
            "connection",
            "payments",
            {"status": "inactive"},
            "update connection payments: status is active, was inactive",
        ),
        (
            "connection",
            "payments",
            {"schedule": {"scheduleType": "cron", "cronExpression": "0 0 * * * ?"}},
            "schedule is manual, was cron 0 0 * * * ?",
        ),
        (
            "connection",
            "payments",
            {"configurations": {"streams": [{"name": "charges", "syncMode": "full_refresh_overwrite"}]}},
            "stream payouts is missing",
        ),
        (
            "source",
            "storefront",
            {"configuration": {"database": "airflow"}},
            "update source storefront: database is storefront, was airflow",
        ),
        (
            "destination",
            "snowflake",
            {"configuration": {"cdc_deletion_mode": "Hard delete"}},
            "replace destination snowflake: cdc_deletion_mode is not declared",
        ),
    ],
)
def test_a_change_by_hand_is_found_and_undone(provisioned, run_provision, kind, name, by_hand, drift):
    found = find(provisioned, kind, name)
    provisioned.client.call("PATCH", f"/{kind}s/{found[f'{kind}Id']}", body=by_hand)
    status, printed = run_provision("--check")
    assert status == 2
    assert drift in printed
    assert run_provision("--check") == (status, printed), "a check changed something"
    assert run_provision()[0] == 0
    assert run_provision("--check")[0] == 0
    assert find(provisioned, kind, name)[f"{kind}Id"] == found[f"{kind}Id"]


def test_a_rotated_secret_is_sent_once(provisioned, run_provision, monkeypatch):
    monkeypatch.setenv("PRODUCT_ANALYTICS_SECRET_KEY", "rotated-secret-000000")
    status, printed = run_provision("--check")
    assert (status, "source product_analytics: secret_key is a new secret" in printed) == (2, True)
    assert run_provision()[0] == 0
    assert run_provision()[1].endswith("nothing to change.\n")
    monkeypatch.undo()
    assert "secret_key is a new secret" in run_provision()[1]


def test_a_machine_that_never_sent_the_secrets_sees_no_drift(provisioned, run_provision, tmp_path):
    assert run_provision("--check", "--state", str(tmp_path / "other.json"))[0] == 0


def test_what_is_not_declared_stays_until_it_is_pruned(provisioned, run_provision):
    workspace = next(provisioned.client.pages("/workspaces"))["workspaceId"]
    declared = find(provisioned, "source", "payments")
    body = {
        "name": "forgotten",
        "workspaceId": workspace,
        "configuration": {"sourceType": "stripe", "account_id": "acct_x", "client_secret": "sk_forgotten_0000"},
    }
    provisioned.client.call("POST", "/sources", body=body)
    status, printed = run_provision()
    assert status == 0
    assert "kept source forgotten, which is not declared (--prune deletes it)" in printed
    assert run_provision("--check", "--prune")[0] == 2
    assert "delete source forgotten" in run_provision("--prune")[1]
    names = [item["name"] for item in provisioned.client.pages("/sources")]
    assert sorted(names) == [source.name for source in catalog.sources()]
    assert find(provisioned, "source", "payments")["sourceId"] == declared["sourceId"]
