"""Uploads in Slack's three steps."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from slack_sdk import WebClient

from tests.contracts.slack.clients import CHANNEL

Refusal = Callable[..., Any]
ROWS = "order_id,total\n1,2\n"


def test_the_sdk_uploads_a_file_into_a_thread(bot: WebClient, local: httpx.Client, post: Callable[..., str]) -> None:
    root = post()
    answer = bot.files_upload_v2(
        channel=CHANNEL, content=ROWS, filename="rows.csv", title="Rows", initial_comment="All & more", thread_ts=root
    )
    assert answer["files"][0]["title"] == "Rows"
    reply = bot.conversations_replies(channel=CHANNEL, ts=root)["messages"][1]
    assert reply["text"] == "All &amp; more"
    assert reply["files"][0]["size"] == len(ROWS)
    assert local.get(reply["files"][0]["url_private"]).text == ROWS


@pytest.mark.parametrize("verb", ["POST", "PUT"])
def test_the_bytes_may_be_posted_or_put(bot: WebClient, local: httpx.Client, verb: str) -> None:
    target = bot.files_getUploadURLExternal(filename="a.txt", length=3)
    assert local.request(verb, target["upload_url"], content=b"abc").text == "OK - 3"
    completed = bot.files_completeUploadExternal(files=[{"id": target["file_id"]}])
    assert completed["files"][0]["name"] == "a.txt"
    assert bot.conversations_history(channel=CHANNEL)["messages"] == []


def test_bytes_of_another_length_than_announced_are_refused(bot: WebClient, local: httpx.Client) -> None:
    target = bot.files_getUploadURLExternal(filename="a.txt", length=3)
    assert local.post(target["upload_url"], content=b"abcd").status_code == 400


def test_an_upload_cannot_be_completed_without_its_bytes(bot: WebClient, refusal: Refusal) -> None:
    target = bot.files_getUploadURLExternal(filename="a.txt", length=3)
    answer = refusal(bot.files_completeUploadExternal, files=[{"id": target["file_id"]}], channel_id=CHANNEL)
    assert answer["error"] == "file_upload_incomplete"
    assert bot.conversations_history(channel=CHANNEL)["messages"] == []


def test_a_file_that_does_not_exist_cannot_be_completed(bot: WebClient, refusal: Refusal) -> None:
    assert refusal(bot.files_completeUploadExternal, files=[{"id": "F0"}])["error"] == "file_not_found"


def test_an_address_needs_a_name_and_a_length(bot: WebClient, refusal: Refusal) -> None:
    assert refusal(bot.files_getUploadURLExternal, filename="a.txt", length=0)["error"] == "invalid_arguments"


def test_markdown_blocks_break_the_completion_as_they_do_at_slack(
    bot: WebClient, local: httpx.Client, refusal: Refusal
) -> None:
    target = bot.files_getUploadURLExternal(filename="a.txt", length=3)
    local.post(target["upload_url"], content=b"abc")
    answer = refusal(
        bot.files_completeUploadExternal,
        files=[{"id": target["file_id"]}],
        channel_id=CHANNEL,
        blocks=json.dumps([{"type": "markdown", "text": "hi"}]),
    )
    assert answer["error"] == "internal_error"


def test_an_uploaded_page_is_handed_out_as_a_download(bot: WebClient, local: httpx.Client) -> None:
    answer = bot.files_upload_v2(channel=CHANNEL, content="<script>alert(1)</script>", filename="evil.html")
    download = local.get(answer["files"][0]["url_private"])
    assert download.headers["content-disposition"].startswith("attachment")
    assert download.headers["x-content-type-options"] == "nosniff"
