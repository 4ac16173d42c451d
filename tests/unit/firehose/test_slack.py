"""What an answer of Slack means: sent only when that is certain, and sent again only when that is safe."""

from __future__ import annotations

import http.client
import socket
from typing import Any
from urllib.error import URLError

import pytest
from slack_sdk.errors import SlackApiError

from include.firehose.slack import Fate, Slack


class Answer:
    """A response of slack_sdk, as far as an error carries it."""

    def __init__(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        self.status_code, self.data, self.headers = status, data, headers or {}


def refusal(status: int, data: Any, **headers: str) -> SlackApiError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return SlackApiError("The request failed.", Answer(status, data, named))


def fate_of(error: Exception, monkeypatch: pytest.MonkeyPatch) -> Any:
    slack = Slack(token="xoxb-test", api_url="http://127.0.0.1:9/api/")

    def raising(*arguments: Any, **more: Any) -> None:
        raise error

    monkeypatch.setattr(slack._client, "api_call", raising)
    return slack.post("C1", "d1", {"text": "x"})


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (refusal(429, {"ok": False, "error": "ratelimited"}, Retry_After="3"), Fate.LIMITED),
        (refusal(200, {"ok": False, "error": "rate_limited"}), Fate.LIMITED),
        (refusal(429, b"<html>"), Fate.LIMITED),
        (refusal(503, {"ok": False, "error": "Received a response in a non-JSON format: <html>"}), Fate.UNKNOWN),
        (refusal(500, {"ok": False, "error": "internal_error"}), Fate.UNKNOWN),
        (refusal(200, {"ok": False, "error": "fatal_error"}), Fate.UNKNOWN),
        (refusal(200, {"ok": False, "error": "Received a response in a non-JSON format: {"}), Fate.UNKNOWN),
        (refusal(200, {}), Fate.UNKNOWN),
        (TimeoutError("timed out"), Fate.UNKNOWN),
        (http.client.RemoteDisconnected("closed"), Fate.UNKNOWN),
        (http.client.IncompleteRead(b""), Fate.UNKNOWN),
        (ConnectionResetError(104, "reset"), Fate.UNKNOWN),
        (URLError(TimeoutError("timed out")), Fate.UNKNOWN),
        (KeyError("ts"), Fate.UNKNOWN),
        (URLError(ConnectionRefusedError(111, "refused")), Fate.NOT_SENT),
        (URLError(socket.gaierror(-2, "unknown name")), Fate.NOT_SENT),
        (refusal(200, {"ok": False, "error": "invalid_auth"}), Fate.STOPPED),
        (refusal(200, {"ok": False, "error": "not_in_channel"}), Fate.STOPPED),
        (refusal(200, {"ok": False, "error": "message_not_found"}), Fate.GONE),
        (refusal(200, {"ok": False, "error": "invalid_blocks"}), Fate.REFUSED),
        (refusal(200, {"ok": False, "error": "msg_blocks_too_long"}), Fate.REFUSED),
        (refusal(200, {"ok": False, "error": "an_error_of_next_year"}), Fate.REFUSED),
    ],
)
def test_an_answer_is_understood(error: Exception, fate: Fate, monkeypatch: pytest.MonkeyPatch):
    assert fate_of(error, monkeypatch).fate is fate


def test_a_rate_limit_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch):
    assert fate_of(refusal(429, {"error": "ratelimited"}, Retry_After="1.5"), monkeypatch).wait == 1.5
    assert fate_of(refusal(429, {"error": "ratelimited"}), monkeypatch).wait == 30


def test_the_sdk_repeats_nothing_by_itself():
    assert Slack(token="xoxb-test", api_url="http://127.0.0.1:9/api/")._client.retry_handlers == []
