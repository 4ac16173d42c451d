"""`reactions.*` on messages."""

from __future__ import annotations

from typing import Any

from local.slack.errors import SlackError
from local.slack.messages import Message
from local.slack.methods.registry import Call, method
from local.slack.ratelimit import TIER_2, TIER_3


def _target(call: Call, *, channel_first: bool) -> Message:
    """The message a reaction is about. Which of two wrong arguments is refused first differs by method on slack.com."""
    if not call.arguments.has("channel"):
        raise SlackError("no_item_specified")
    timestamp = call.arguments.text("timestamp")
    if channel_first:
        call.channel()
    if timestamp in (None, "", "0"):
        raise SlackError("bad_timestamp")
    message = call.workspace.messages.get(call.channel().channel_id, timestamp)
    if message is None:
        raise SlackError("message_not_found")
    return message


@method("reactions.add", limit=TIER_3, required=("name", "timestamp", "channel"), accepts_json=True)
def add(call: Call) -> dict[str, Any]:
    """Leave a reaction."""
    message = _target(call, channel_first=False)
    with call.workspace.database.transaction():
        call.workspace.reactions.add(message, call.arguments.text("name") or "", call.caller.user_id)
        call.workspace.messages.touch(message)
    return {}


@method("reactions.remove", limit=TIER_2, required=("name",), accepts_json=True)
def remove(call: Call) -> dict[str, Any]:
    """Take one's own reaction back."""
    message = _target(call, channel_first=False)
    with call.workspace.database.transaction():
        call.workspace.reactions.remove(message, call.arguments.text("name") or "", call.caller.user_id)
        call.workspace.messages.touch(message)
    return {}


@method("reactions.get", limit=TIER_3)
def get(call: Call) -> dict[str, Any]:
    """A message with its reactions."""
    message = _target(call, channel_first=True)
    shown = call.workspace.presenter.one(message, viewer=call.caller.user_id)
    return {"type": "message", "channel": message.channel_id, "message": shown}
