"""Airflow's own Slack provider against the local Slack, unmodified and configured by a connection alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from slack_sdk import WebClient

from tests.contracts.slack.clients import BOT_TOKEN, CHANNEL
from tests.standins import Standin

# In a process of its own: importing Airflow reads the environment once and for all.
PROGRAM = f"""
from airflow.providers.slack.hooks.slack import SlackHook
from airflow.providers.slack.notifications.slack import SlackNotifier

hook = SlackHook(slack_conn_id="slack_local")
print(hook.test_connection())
print(hook.get_channel_id("data-firehose"))
hook.call("chat.postMessage", json={{"channel": "{CHANNEL}", "text": "by the hook"}})
hook.send_file_v1_to_v2(channels="#data-firehose", content="a,b", filename="rows.csv", title="Rows")
SlackNotifier(slack_conn_id="slack_local", channel="{CHANNEL}", text="by the notifier").notify({{}})
"""


def test_the_hook_and_the_notifier_work_by_connection_alone(server: Standin, bot: WebClient, tmp_path: Path) -> None:
    connection = {"conn_type": "slack", "password": BOT_TOKEN, "extra": {"base_url": f"{server.url}/api/"}}
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW_CONN_SLACK_LOCAL": json.dumps(connection),
        "AIRFLOW__CORE__TEST_CONNECTION": "Enabled",
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert "(True, " in ran.stdout
    assert CHANNEL in ran.stdout
    messages = bot.conversations_history(channel=CHANNEL)["messages"]
    assert [message["text"] for message in messages] == ["by the notifier", "", "by the hook"]
    assert messages[1]["files"][0]["title"] == "Rows"
