"""The fault knobs: each fault as a client meets it, and the journal that says what really happened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from tests.contracts.slack.clients import BOT_TOKEN, CHANNEL
from tests.standins import Standin, start

Order = Callable[..., None]


@pytest.fixture
def order(local: httpx.Client) -> Order:
    """Order a fault for posts."""

    def order(kind: str, **more: Any) -> None:
        body = {"method": "chat.postMessage", "kind": kind, "times": 1, **more}
        local.post("/_local/faults", json=body).raise_for_status()

    return order


def say(bot: WebClient, text: str = "hello") -> Any:
    return bot.chat_postMessage(channel=CHANNEL, text=text)


def texts(bot: WebClient) -> list[str]:
    """What the channel holds, newest first."""
    return [message["text"] for message in bot.conversations_history(channel=CHANNEL)["messages"]]


@pytest.mark.parametrize(
    ("fault", "header", "error"),
    [
        ({"kind": "429"}, "1", "ratelimited"),
        ({"kind": "429", "retry_after": "7"}, "7", "ratelimited"),
        ({"kind": "429", "retry_after": "abc", "error": "rate_limited"}, "abc", "rate_limited"),
        ({"kind": "429_float"}, "1.5", "ratelimited"),
        ({"kind": "429_no_header"}, None, "ratelimited"),
    ],
)
def test_429_comes_in_every_form_seen_in_the_wild(
    bot: WebClient, order: Order, fault: dict[str, str], header: str | None, error: str
) -> None:
    order(**fault)
    with pytest.raises(SlackApiError) as caught:
        say(bot)
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers.get("Retry-After") == header
    assert caught.value.response["error"] == error
    assert texts(bot) == []


def test_a_status_fault_is_no_json(bot: WebClient, order: Order) -> None:
    order("status", status=502)
    with pytest.raises(SlackApiError) as caught:
        say(bot)
    assert caught.value.response.status_code == 502
    assert texts(bot) == []


def test_a_revoked_token_is_refused_until_it_is_not(bot: WebClient, order: Order, refusal: Callable[..., Any]) -> None:
    order("revoke_token", times=2)
    for _ in range(2):
        assert refusal(bot.chat_postMessage, channel=CHANNEL, text="x")["error"] == "token_revoked"
    assert say(bot)["ok"]


def test_a_dropped_connection_leaves_the_message_in_the_channel(bot: WebClient, order: Order) -> None:
    order("accept_then_drop")
    with pytest.raises(OSError, match=r"(?i)closed|reset"):
        say(bot, "once")
    assert texts(bot) == ["once"]


def test_the_sdks_default_retry_doubles_a_dropped_message(server: Standin, order: Order) -> None:
    order("accept_then_drop")
    naive = WebClient(BOT_TOKEN, base_url=f"{server.url}/api/")
    assert say(naive, "twice")["ok"]
    assert texts(naive) == ["twice", "twice"]


def test_a_slow_answer_comes_after_the_message_is_kept(bot: WebClient, server: Standin, order: Order) -> None:
    order("slow", delay_s=3)
    hasty = WebClient(BOT_TOKEN, base_url=f"{server.url}/api/", retry_handlers=[], timeout=1)
    with pytest.raises(TimeoutError):
        say(hasty, "kept")
    assert texts(bot) == ["kept"]


def test_a_slow_answer_holds_nobody_else_up(bot: WebClient, server: Standin, order: Order) -> None:
    order("slow", delay_s=30)
    hasty = WebClient(BOT_TOKEN, base_url=f"{server.url}/api/", retry_handlers=[], timeout=1)
    with pytest.raises(TimeoutError):
        say(hasty)
    assert say(bot)["ok"]


def test_invalid_json_hides_that_the_message_was_kept(bot: WebClient, order: Order) -> None:
    order("invalid_json")
    with pytest.raises(SlackApiError):
        say(bot, "kept")
    assert texts(bot) == ["kept"]


def test_a_fault_strikes_its_method_alone_and_as_often_as_ordered(bot: WebClient, order: Order) -> None:
    order("status", times=2)
    assert bot.auth_test()["ok"]
    outcomes = []
    for _ in range(4):
        try:
            outcomes.append(say(bot)["ok"])
        except SlackApiError:
            outcomes.append(False)
    assert outcomes == [False, False, True, True]


def test_a_share_strikes_the_same_calls_in_each_drill(bot: WebClient, local: httpx.Client, order: Order) -> None:
    def drill() -> list[bool]:
        order("status", share=0.3, times=None, seed=4)
        struck = []
        for _ in range(40):
            try:
                say(bot)
                struck.append(False)
            except SlackApiError:
                struck.append(True)
        local.delete("/_local/faults")
        return struck

    first = drill()
    assert first == drill()
    assert 4 <= sum(first) <= 20


def test_removing_faults_ends_them(bot: WebClient, local: httpx.Client, order: Order) -> None:
    order("status", times=None)
    order("slow", method="auth.test")
    assert local.request("DELETE", "/_local/faults", json={"method": "chat.postMessage"}).json() == {"removed": 1}
    assert say(bot)["ok"]
    assert local.delete("/_local/faults").json() == {"removed": 1}


def test_faults_are_listed_with_how_often_they_struck(bot: WebClient, local: httpx.Client, order: Order) -> None:
    order("status", times=5)
    with pytest.raises(SlackApiError):
        say(bot)
    (fault,) = local.get("/_local/faults").json()["faults"]
    assert (fault["kind"], fault["times"], fault["fired"]) == ("status", 5, 1)


@pytest.mark.parametrize(
    "body",
    [{"kind": "nonsense"}, {"kind": "slow", "delay_s": "long"}, {"kind": "429", "share": 2}, {"kidn": "429"}, []],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(local: httpx.Client, body: Any) -> None:
    answer = local.post("/_local/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")
    assert local.get("/_local/faults").json()["faults"] == []


def test_the_journal_holds_accepted_calls_without_the_token(bot: WebClient, local: httpx.Client) -> None:
    ts = say(bot, "noted")["ts"]
    local.post("/api/chat.postMessage", data={"token": BOT_TOKEN, "channel": CHANNEL, "text": "by form"})
    raw = local.get("/_local/log").text
    first, second = local.get("/_local/log").json()["entries"]
    assert (first["method"], first["ts"], first["channel"]) == ("chat.postMessage", ts, CHANNEL)
    assert first["args"]["text"] == "noted"
    assert second["args"] == {"channel": CHANNEL, "text": "by form"}
    assert BOT_TOKEN not in raw


def test_the_journal_knows_what_the_caller_was_not_told(bot: WebClient, local: httpx.Client, order: Order) -> None:
    order("accept_then_drop")
    with pytest.raises(OSError, match=r"(?i)closed|reset"):
        say(bot)
    (entry,) = local.get("/_local/log").json()["entries"]
    assert (entry["outcome"], entry["fault"]) == ("accepted", "accept_then_drop")


def test_the_journal_is_read_in_pages(bot: WebClient, local: httpx.Client) -> None:
    for number in range(5):
        say(bot, str(number))
    seen: list[str] = []
    since = 0
    while page := local.get("/_local/log", params={"since": since, "limit": 2}).json():
        if not page["entries"]:
            break
        seen += [entry["args"]["text"] for entry in page["entries"]]
        since = page["next_since"]
    assert seen == ["0", "1", "2", "3", "4"]


def test_refused_calls_are_in_the_journal_only_on_demand(bot: WebClient, local: httpx.Client) -> None:
    with pytest.raises(SlackApiError):
        bot.chat_postMessage(channel="C0NOWHERE", text="x")
    assert local.get("/_local/log").json()["entries"] == []
    (entry,) = local.get("/_local/log", params={"outcome": "all"}).json()["entries"]
    assert (entry["outcome"], entry["error"]) == ("refused", "channel_not_found")


def test_without_the_flag_the_knobs_say_how_to_get_them(tmp_path: Path) -> None:
    server = start("slack", data_dir=tmp_path / "slack")
    try:
        for verb, path in (("POST", "faults"), ("GET", "log"), ("POST", "reset")):
            answer = httpx.request(verb, f"{server.url}/_local/{path}")
            assert answer.status_code == 404
            assert "--enable-faults" in answer.json()["error"]
    finally:
        server.stop()
