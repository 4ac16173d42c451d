"""The message of a push past all pull requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.firehose.designs import push as design
from include.firehose.designs.telling import Setting, Telling
from include.firehose.webhooks import github
from tests.unit.firehose.webhooks.payloads import REPOSITORY, push

SETTING = Setting(airflow_url="")
REPOSITORY_AT = REPOSITORY | {"pushed_at": "2026-11-23T06:02:00Z"}


def told(**more: Any) -> Telling:
    return design.tell(github.events("push", push(repository=REPOSITORY_AT, **more)), SETTING)


def test_a_push_says_what_came_by_whom_and_that_nobody_has_seen_it_before():
    telling = told()
    assert telling.message.text == (
        "✦ Acme/backbeat main bbbbbbb Mend the clock · pushed 06:02 by ada · 1 commit · without a pull request"
    )
    assert telling.over
    assert telling.message.attachments == []


def test_history_that_was_rewritten_is_a_warning():
    assert told(forced=True).message.text.startswith("▲ Acme/backbeat main bbbbbbb Mend the clock · force-pushed 06:02")


def test_foreign_text_is_text():
    message = told(
        commits=[], pusher={"name": "<!here>"}, head_commit={"message": "<!channel> ghp_0123456789abcdefghij"}
    ).message
    assert "<!" not in message.text
    assert "ghp_" not in json.dumps(message.body())


def test_no_event_is_no_push():
    with pytest.raises(ValueError, match="needs an event"):
        design.tell([], SETTING)
