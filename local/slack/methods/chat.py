"""`chat.*`: post, edit, delete, link."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.slack import timestamps
from local.slack.content import UPDATE_TEXT_BYTES, read_content, read_metadata
from local.slack.errors import SlackError
from local.slack.messages import BROADCAST, TOMBSTONE, Message
from local.slack.methods.registry import Call, method
from local.slack.ratelimit import HUNDREDS, POST, TIER_3

_APPEARANCE = ("username", "icon_emoji", "icon_url")


@method("chat.postMessage", limit=POST, required=("channel",), accepts_json=True)
def post_message(call: Call) -> dict[str, Any]:
    """Post a message, or a reply when `thread_ts` names a message of the channel."""
    arguments = call.arguments
    channel = call.writable(call.workspace.channels.get_by_id_or_name(arguments.text("channel")))
    content = read_content(arguments)
    if not content.carries_message:
        raise SlackError("no_text")
    root = thread_root(call, channel.channel_id)
    message = call.workspace.messages.add(
        Message(
            channel_id=channel.channel_id,
            user_id=call.caller.user_id,
            text=content.text or "",
            blocks=content.blocks or None,
            attachments=content.attachments or None,
            metadata=read_metadata(arguments),
            thread_ts=root,
            subtype=BROADCAST if root and arguments.flag("reply_broadcast") else None,
            appearance={name: str(arguments.text(name)) for name in _APPEARANCE if arguments.text(name)} or None,
        )
    )
    shown = call.workspace.presenter.one(message, all_metadata=True, viewer=call.caller.user_id)
    return {"channel": channel.channel_id, "ts": message.ts, "message": shown}


def thread_root(call: Call, channel_id: str) -> str | None:
    """The `ts` of the thread a post belongs to, None for a top-level one.

    The trap of Slack's: a `thread_ts` that names no message is not refused, the message appears top-level. A reply to
    a reply lands in the root's thread.
    """
    try:
        wanted = timestamps.read(call.arguments.text("thread_ts"))
    except ValueError:
        raise SlackError("invalid_thread_ts", ["0 is not a valid thread_ts"]) from None
    if wanted is None:
        return None
    if not timestamps.within_thread_window(wanted, call.workspace.database.now()):
        raise SlackError("invalid_thread_ts", [f"{timestamps.microseconds(wanted)} is not a valid thread_ts"])
    parent = call.workspace.messages.get(channel_id, wanted)
    return (parent.thread_ts or parent.ts) if parent else None


@method("chat.update", limit=TIER_3, required=("channel", "ts"), accepts_json=True)
def update(call: Call) -> dict[str, Any]:
    """Edit one's own message. Blocks, attachments and metadata not sent stay as they are."""
    message = _own_message(call, "cant_update_message")
    _check_edit_window(call, message)
    content = read_content(call.arguments)
    if not content.carries_message:
        raise SlackError("no_text")
    if len((content.text or "").encode()) > UPDATE_TEXT_BYTES:
        raise SlackError("msg_too_long")
    edited = call.workspace.messages.save(
        replace(
            message,
            text=content.text or "",
            blocks=_kept(content.blocks, message.blocks),
            attachments=_kept(content.attachments, message.attachments),
            metadata=read_metadata(call.arguments) or message.metadata,
            edited_by=call.caller.user_id,
            edited_ts=timestamps.render(call.workspace.database.now()),
        )
    )
    shown = call.workspace.presenter.one(edited, all_metadata=True, viewer=call.caller.user_id)
    # The echo of an edit carries neither; reading the message does (measured on slack.com).
    echoed = {name: value for name, value in shown.items() if name not in ("ts", "reactions")}
    return {"channel": edited.channel_id, "ts": edited.ts, "text": edited.text, "message": echoed}


def _kept(sent: list[dict[str, Any]] | None, before: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """What an edit leaves: an empty list removes, nothing sent keeps."""
    return before if sent is None else sent or None


def _own_message(call: Call, refusal: str) -> Message:
    """The message `channel` and `ts` name, which must be the caller's."""
    channel = call.channel()
    message = call.workspace.messages.get(channel.channel_id, call.arguments.text("ts"))
    if message is None or message.subtype == TOMBSTONE:
        raise SlackError("message_not_found")
    if message.user_id != call.caller.user_id:
        raise SlackError(refusal)
    return message


def _check_edit_window(call: Call, message: Message) -> None:
    minutes = call.workspace.settings.edit_window_minutes
    if minutes is None:
        return
    age = call.workspace.database.now() - timestamps.microseconds(message.ts)
    if age > minutes * 60 * timestamps.MICROSECONDS:
        raise SlackError("edit_window_closed")


@method("chat.delete", limit=TIER_3, required=("channel", "ts"), accepts_json=True)
def delete(call: Call) -> dict[str, Any]:
    """Delete one's own message; a root with replies leaves a tombstone."""
    message = _own_message(call, "cant_delete_message")
    call.workspace.messages.delete(message)
    return {"channel": message.channel_id, "ts": message.ts}


@method("chat.getPermalink", limit=HUNDREDS, required=("channel", "message_ts"))
def get_permalink(call: Call) -> dict[str, Any]:
    """The address of a message; this server answers it with the page at that message."""
    channel = call.channel()
    message = call.workspace.messages.get(channel.channel_id, call.arguments.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.base_url}/archives/{channel.channel_id}/p{message.ts.replace('.', '')}"
    root = call.workspace.messages.root_of(message)
    if message.thread_ts or call.workspace.messages.thread(root):
        link += f"?thread_ts={root.ts}&cid={channel.channel_id}"
    return {"channel": channel.channel_id, "permalink": link}
