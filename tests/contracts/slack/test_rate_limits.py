"""Rate limits as Slack sets them: on unless switched off, by token, method and, for posts, channel.

The buckets refill with time, so these tests look at answers, never at how long something took.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from tests.contracts.slack.clients import BOT_TOKEN, CHANNEL, PERSON_TOKEN, client
from tests.standins import Standin, start

POST_BURST = 10


@pytest.fixture(scope="module")
def limited_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    """A server as it comes, with the journal on."""
    server = start("slack", "--enable-faults", data_dir=tmp_path_factory.mktemp("limits") / "slack")
    yield server
    server.stop()


@pytest.fixture
def limited(limited_server: Standin) -> Standin:
    """The server with full buckets."""
    httpx.post(f"{limited_server.url}/_local/reset").raise_for_status()
    return limited_server


def until_limited(call: Callable[[], Any], most: int) -> tuple[int, SlackApiError]:
    """Call until refused: how many calls went through, and the refusal."""
    for accepted in range(most):
        try:
            call()
        except SlackApiError as error:
            return accepted, error
    raise AssertionError(f"{most} calls went through without a limit")


def test_posts_beyond_the_burst_get_429_and_whole_seconds_to_wait(limited: Standin) -> None:
    bot = client(limited)
    accepted, error = until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x"), POST_BURST * 3)
    assert accepted >= POST_BURST
    assert error.response.status_code == 429
    assert error.response.data == {"ok": False, "error": "ratelimited"}
    assert int(error.response.headers["Retry-After"]) >= 1


def test_a_limited_post_is_not_in_the_channel(limited: Standin) -> None:
    bot = client(limited)
    accepted, _ = until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x"), POST_BURST * 3)
    assert len(bot.conversations_history(channel=CHANNEL)["messages"]) == accepted


def test_another_channel_another_method_and_another_token_have_buckets_of_their_own(limited: Standin) -> None:
    bot, person = client(limited), client(limited, PERSON_TOKEN)
    bot.conversations_join(channel="C0GENERAL")
    until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x"), POST_BURST * 3)
    assert bot.chat_postMessage(channel="C0GENERAL", text="x")["ok"]
    assert person.chat_postMessage(channel=CHANNEL, text="x")["ok"]
    ts = bot.conversations_history(channel=CHANNEL)["messages"][-1]["ts"]
    assert bot.chat_update(channel=CHANNEL, ts=ts, text="y")["ok"]


def test_a_channels_name_is_no_way_around_its_limit(limited: Standin) -> None:
    bot = client(limited)
    names = [CHANNEL, "#data-firehose", "data-firehose"]
    until_limited(lambda: [bot.chat_postMessage(channel=name, text="x") for name in names], POST_BURST)


def test_replies_share_the_limit_of_their_channel(limited: Standin) -> None:
    bot = client(limited)
    root = bot.chat_postMessage(channel=CHANNEL, text="root")["ts"]
    accepted, _ = until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x", thread_ts=root), POST_BURST * 3)
    assert accepted >= POST_BURST - 1


def test_edits_are_limited_to_fifty_at_once(limited: Standin) -> None:
    bot = client(limited)
    ts = bot.chat_postMessage(channel=CHANNEL, text="x")["ts"]
    accepted, error = until_limited(lambda: bot.chat_update(channel=CHANNEL, ts=ts, text="y"), 150)
    assert accepted >= 50
    assert error.response.status_code == 429


def test_the_sdks_own_handler_gets_through_by_waiting(limited: Standin) -> None:
    bot = client(limited)
    until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x"), POST_BURST * 3)
    patient = WebClient(
        BOT_TOKEN, base_url=f"{limited.url}/api/", retry_handlers=[RateLimitErrorRetryHandler(max_retry_count=3)]
    )
    assert patient.chat_postMessage(channel=CHANNEL, text="in time")["ok"]


def test_the_journal_tells_limited_calls_from_accepted_ones(limited: Standin) -> None:
    bot = client(limited)
    accepted, _ = until_limited(lambda: bot.chat_postMessage(channel=CHANNEL, text="x"), POST_BURST * 3)
    entries = httpx.get(f"{limited.url}/_local/log", params={"outcome": "all"}).json()["entries"]
    assert [entry["outcome"] for entry in entries] == ["accepted"] * accepted + ["limited"]
    assert entries[-1]["status"] == 429
    assert int(entries[-1]["retry_after"]) >= 1


def test_limits_can_be_switched_off(tmp_path: Path) -> None:
    server = start("slack", "--no-rate-limits", data_dir=tmp_path / "slack")
    try:
        bot = client(server)
        for _ in range(POST_BURST * 4):
            bot.chat_postMessage(channel=CHANNEL, text="x")
    finally:
        server.stop()
