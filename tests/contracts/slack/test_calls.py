"""How a call is read: token, arguments, formats, unknown methods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import BOT_TOKEN, CHANNEL, client
from tests.standins import Standin

BEARER = {"Authorization": f"Bearer {BOT_TOKEN}"}


def test_auth_test_tells_the_app_who_it_is(bot: WebClient) -> None:
    answer = bot.auth_test()
    assert answer["user"] == "backbeat"
    assert answer["user_id"] == "U0BACKBEAT"
    assert answer["bot_id"] == "B0BACKBEAT"
    assert answer["team_id"] == "T0BACKBEAT"


def test_a_persons_token_has_no_bot_id(person: WebClient) -> None:
    assert "bot_id" not in person.auth_test().data


def test_api_test_echoes_and_fails_on_demand(bot: WebClient, refusal: Callable[..., Any]) -> None:
    assert bot.api_test(foo="bar")["args"] == {"foo": "bar"}
    assert refusal(bot.api_test, error="my_error")["error"] == "my_error"


def test_api_test_needs_no_token(local: httpx.Client) -> None:
    assert local.post("/api/api.test").json() == {"ok": True}


def test_no_token_and_a_wrong_token_are_refused_differently(
    server: Standin, local: httpx.Client, refusal: Callable[..., Any]
) -> None:
    assert local.post("/api/auth.test").json() == {"ok": False, "error": "not_authed"}
    assert refusal(client(server, "xoxb-wrong").auth_test)["error"] == "invalid_auth"


@pytest.mark.parametrize("header", ["Bearer", "bearer xoxb-local-000000000000", "Basic abc"])
def test_a_header_that_is_no_bearer_token_counts_as_none(local: httpx.Client, header: str) -> None:
    assert local.post("/api/auth.test", headers={"Authorization": header}).json()["error"] == "not_authed"


def test_the_token_may_be_a_form_field_but_not_a_query_argument(local: httpx.Client) -> None:
    assert local.post("/api/auth.test", data={"token": BOT_TOKEN}).json()["ok"]
    assert local.get("/api/auth.test", params={"token": BOT_TOKEN}).json()["error"] == "invalid_auth"


def test_a_json_body_cannot_carry_the_token(local: httpx.Client) -> None:
    assert local.post("/api/auth.test", json={"token": BOT_TOKEN}).json()["error"] == "not_authed"


@pytest.mark.parametrize("how", ["form", "json", "query"])
def test_arguments_may_come_as_form_json_or_query(local: httpx.Client, how: str) -> None:
    arguments = {"channel": CHANNEL, "text": "hi"}
    sent: dict[str, Any] = {"form": {"data": arguments}, "json": {"json": arguments}, "query": {"params": arguments}}[
        how
    ]
    method = "GET" if how == "query" else "POST"
    answer = local.request(method, "/api/chat.postMessage", headers=BEARER, **sent)
    assert answer.status_code == 200
    assert answer.json()["message"]["text"] == "hi"


def test_blocks_may_be_json_text_in_a_form(local: httpx.Client) -> None:
    form = {"channel": CHANNEL, "blocks": '[{"type": "divider"}]'}
    answer = local.post("/api/chat.postMessage", headers=BEARER, data=form).json()
    assert answer["message"]["blocks"][0]["type"] == "divider"


@pytest.mark.parametrize("method", ["chat.getPermalink", "conversations.history", "reactions.get"])
def test_the_read_methods_do_not_look_at_a_json_body(local: httpx.Client, method: str) -> None:
    answer = local.post(f"/api/{method}", headers=BEARER, json={"channel": CHANNEL, "message_ts": "1.0"}).json()
    assert answer["error"] in ("invalid_arguments", "no_item_specified")


@pytest.mark.parametrize(("body", "error"), [("{", "invalid_json"), ("[]", "json_not_object")])
def test_a_body_that_is_no_json_object_is_refused(local: httpx.Client, body: str, error: str) -> None:
    headers = {**BEARER, "Content-Type": "application/json; charset=utf-8"}
    assert local.post("/api/chat.postMessage", headers=headers, content=body).json()["error"] == error


def test_a_json_body_without_a_charset_is_accepted_with_a_warning(local: httpx.Client) -> None:
    answer = local.post("/api/chat.postMessage", headers=BEARER, json={"channel": CHANNEL, "text": "hi"}).json()
    assert answer["ok"]
    assert answer["warning"] == "missing_charset"


def test_missing_arguments_are_named(bot: WebClient, refusal: Callable[..., Any]) -> None:
    answer = refusal(bot.api_call, api_method="chat.update")
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] missing required field: channel",
        "[ERROR] missing required field: ts",
    ]


def test_a_list_where_a_text_belongs_is_refused(bot: WebClient, refusal: Callable[..., Any]) -> None:
    answer = refusal(bot.chat_postMessage, channel=[CHANNEL], text="hi")
    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] must provide a string [json-pointer:/channel]"]


def test_an_unknown_method_is_named(bot: WebClient, refusal: Callable[..., Any]) -> None:
    answer = refusal(bot.api_call, api_method="chat.shout")
    assert (answer["error"], answer["req_method"]) == ("unknown_method", "chat.shout")


def test_a_refusal_is_still_http_200(local: httpx.Client) -> None:
    assert local.post("/api/chat.postMessage").status_code == 200
