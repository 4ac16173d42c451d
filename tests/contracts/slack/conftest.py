"""One local Slack for all contract tests, emptied before each; the clients are the unmodified slack_sdk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.contracts.slack.clients import CHANNEL, PERSON_TOKEN, client
from tests.standins import Standin, start


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Standin]:
    """A server without rate limits, with the fault knobs."""
    server = start("slack", "--enable-faults", "--no-rate-limits")
    yield server
    server.stop()


@pytest.fixture
def server(shared_server: Standin) -> Standin:
    """The shared server as on its first day."""
    httpx.post(f"{shared_server.url}/_local/reset").raise_for_status()
    return shared_server


@pytest.fixture
def bot(server: Standin) -> WebClient:
    """The app."""
    return client(server)


@pytest.fixture
def person(server: Standin) -> WebClient:
    """A member of the channel who is not the app."""
    return client(server, PERSON_TOKEN)


@pytest.fixture
def local(server: Standin) -> Iterator[httpx.Client]:
    """Plain HTTP to the server: the page and the control routes."""
    with httpx.Client(base_url=server.url, follow_redirects=True) as http:
        yield http


@pytest.fixture
def post(bot: WebClient) -> Callable[..., str]:
    """Post to the channel as the app and get the `ts`."""

    def post(text: str = "hello", **arguments: Any) -> str:
        return str(bot.chat_postMessage(channel=CHANNEL, text=text, **arguments)["ts"])

    return post


@pytest.fixture
def refusal() -> Callable[..., Any]:
    """Call and return the refused answer's body; fail when the call was accepted."""

    def refusal(call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
        with pytest.raises(SlackApiError) as caught:
            call(**arguments)
        body = caught.value.response.data
        assert isinstance(body, dict)
        return body

    return refusal
