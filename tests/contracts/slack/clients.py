"""The clients the tests speak with: the unmodified slack_sdk, as the app and as a person."""

from __future__ import annotations

from typing import Any

from slack_sdk import WebClient

from tests.standins import Standin

BOT_TOKEN = "xoxb-local-000000000000"
PERSON_TOKEN = "xoxp-local-000000000000"
CHANNEL = "C0FIREHOSE"


def client(server: Standin, token: str = BOT_TOKEN, **options: Any) -> WebClient:
    """A Web API client that does not retry, so that a test sees each answer."""
    return WebClient(token, base_url=f"{server.url}/api/", retry_handlers=[], **options)
