"""The Slack channel after real runs: one message per run with its outcome."""

from __future__ import annotations

from collections import Counter

import pytest
from slack_sdk import WebClient

from tests.integration.stack import HOURLY, MARTS, Stack, wait_for

pytestmark = pytest.mark.stack


def messages(stack: Stack) -> list[str]:
    client = WebClient(token=stack.values["SLACK_BOT_TOKEN"], base_url=f"{stack.layout.slack_url}/api/")
    found = client.conversations_history(channel=stack.values["SLACK_CHANNEL"], limit=200)
    return [message["text"] for message in found["messages"]]


def test_every_run_has_one_message_with_its_outcome(stack: Stack) -> None:
    runs = Counter(
        dag_id
        for dag_id in (*HOURLY, MARTS)
        for run in stack.api.call("GET", f"/dags/{dag_id}/dagRuns", params={"limit": 100})["dag_runs"]
        if run["state"] == "success"
    )

    def told() -> bool:
        counted = Counter(dag_id for text in messages(stack) for dag_id in runs if dag_id in text and "●" in text)
        return counted == runs

    wait_for(told, f"one message for each of {dict(runs)}; there are {messages(stack)}", seconds=60)
