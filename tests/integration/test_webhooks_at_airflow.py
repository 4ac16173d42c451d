"""Webhooks at Airflow's own address: no login but the signature, and a message in the channel."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.stack import Stack, wait_for
from tests.integration.test_channel import messages
from tests.unit.firehose.webhooks.payloads import encoded, github_headers, pull_request

pytestmark = pytest.mark.stack
TITLE = "Count refunds in the day they were paid"


def post(stack: Stack, body: bytes, secret: str) -> httpx.Response:
    headers = github_headers("pull_request", body, secret=secret)
    url = f"{stack.layout.airflow_url}/firehose/webhooks/github"
    return httpx.post(url, content=body, headers=headers, timeout=60, trust_env=False)


def test_a_signed_pull_request_is_told_and_a_forged_one_is_not(stack: Stack) -> None:
    body = encoded(pull_request("opened", "2026-11-23T06:00:00Z", title=TITLE))
    assert post(stack, body, "somebody else's secret").status_code == 401
    assert not [text for text in messages(stack) if TITLE in text]
    for _ in range(2):
        assert post(stack, body, stack.values["GITHUB_WEBHOOK_SECRET"]).status_code == 200

    def told() -> bool:
        return len([text for text in messages(stack) if TITLE in text]) == 1

    wait_for(told, "the pull request to be told once", seconds=60)


def test_nothing_else_is_open_below_the_webhooks(stack: Stack) -> None:
    url = stack.layout.airflow_url
    assert httpx.get(f"{url}/firehose/webhooks/github", timeout=60, trust_env=False).status_code in (404, 405)
    assert httpx.get(f"{url}/api/v2/dags", timeout=60, trust_env=False).status_code == 401
