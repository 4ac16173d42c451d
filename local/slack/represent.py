"""A kept message as the Web API gives it back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from local.slack import identity, mrkdwn
from local.slack.messages import TOMBSTONE, Message, Messages, Thread
from local.slack.reactions import Reactions

REPLY_USERS_SHOWN = 5


class Presenter:
    """Turns messages into the objects of the API."""

    def __init__(self, messages: Messages, reactions: Reactions) -> None:
        self.messages = messages
        self.reactions = reactions

    def one(self, message: Message, *, viewer: str, all_metadata: bool = False) -> dict[str, Any]:
        """A single message with its thread summary and reactions."""
        return self.many([message], all_metadata=all_metadata, viewer=viewer)[0]

    def many(self, page: Sequence[Message], *, all_metadata: bool, viewer: str) -> list[dict[str, Any]]:
        """A page of messages of one channel."""
        if not page:
            return []
        channel_id, wanted = page[0].channel_id, [message.ts for message in page]
        threads = self.messages.threads(channel_id, wanted)
        reactions = self.reactions.of(channel_id, wanted)
        named = {message.thread_ts for message in page if message.thread_ts}
        roots = {ts: self.messages.get(channel_id, ts) for ts in named}
        shown = []
        for message in page:
            body = as_posted(message, all_metadata=all_metadata)
            if reacted := reactions.get(message.ts):
                body["reactions"] = reacted
            if message.thread_ts:
                root = roots[message.thread_ts]
                parent = root.user_id if root else identity.SLACKBOT
                body |= {"thread_ts": message.thread_ts, "parent_user_id": parent}
            elif thread := threads.get(message.ts):
                body |= _thread_summary(message, thread, viewer)
            shown.append(body)
        return shown


def _thread_summary(root: Message, thread: Thread, viewer: str) -> dict[str, Any]:
    return {
        "thread_ts": root.ts,
        "reply_count": thread.reply_count,
        "reply_users_count": len(thread.reply_users),
        "reply_users": list(thread.reply_users[:REPLY_USERS_SHOWN]),
        "latest_reply": thread.latest_reply,
        "is_locked": False,
        "subscribed": viewer in (root.user_id, *thread.reply_users),
    }


def as_posted(message: Message, *, all_metadata: bool) -> dict[str, Any]:
    """The message alone: no thread summary, no reactions."""
    if message.subtype == TOMBSTONE:
        return {
            "type": "message",
            "subtype": TOMBSTONE,
            "text": message.text,
            "user": identity.SLACKBOT,
            "parent_user_id": identity.SLACKBOT,
            "hidden": True,
            "ts": message.ts,
        }
    body: dict[str, Any] = {"user": message.user_id, "type": "message", "ts": message.ts, "text": message.text}
    if message.subtype:
        body["subtype"] = message.subtype
    body |= {"team": identity.TEAM_ID, **_app(message), **(message.appearance or {})}
    body["blocks"] = blocks_of(message)
    for name in ("attachments", "files"):
        if value := getattr(message, name):
            body[name] = value
    if message.edited_ts:
        body["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.metadata:
        body["metadata"] = message.metadata if all_metadata else {"event_type": message.metadata["event_type"]}
    return body if body["blocks"] else {name: value for name, value in body.items() if name != "blocks"}


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """The blocks sent, else the rich text block Slack composes from the text."""
    if message.blocks is not None or not message.text:
        return message.blocks or []
    # Derived, so that the id is the same at each read.
    return [{**mrkdwn.rich_text(message.text), "block_id": message.ts[-5:]}]


def _app(message: Message) -> dict[str, Any]:
    if message.user_id != identity.BOT.user_id:
        return {}
    return {
        "bot_id": identity.BOT_ID,
        "app_id": identity.APP_ID,
        "bot_profile": {
            "id": identity.BOT_ID,
            "app_id": identity.APP_ID,
            "user_id": identity.BOT.user_id,
            "name": identity.BOT.display_name,
            "deleted": False,
            "team_id": identity.TEAM_ID,
        },
    }
