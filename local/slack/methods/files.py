"""`files.*UploadExternal`: the only upload Slack has left."""

from __future__ import annotations

from typing import Any

from local.slack import mrkdwn
from local.slack.content import read_content
from local.slack.errors import SlackError
from local.slack.messages import Message
from local.slack.methods.chat import thread_root
from local.slack.methods.registry import Call, method
from local.slack.ratelimit import TIER_4


@method("files.getUploadURLExternal", limit=TIER_4, required=("filename", "length"))
def get_upload_url(call: Call) -> dict[str, Any]:
    """An address that takes exactly `length` bytes."""
    length = call.arguments.text("length") or ""
    if not length.isdigit() or int(length) < 1:
        raise SlackError("invalid_arguments", ["length must be a number greater than 0 [json-pointer:/length]"])
    filename = (call.arguments.text("filename") or "").strip()
    if not filename:
        raise SlackError("invalid_arguments", ["must be more than 0 characters [json-pointer:/filename]"])
    file_id = call.workspace.uploads.begin(filename, int(length), call.caller.user_id)
    return {"upload_url": f"{call.base_url}/upload/v1/{file_id}", "file_id": file_id}


@method("files.completeUploadExternal", limit=TIER_4, required=("files",), accepts_json=True)
def complete_upload(call: Call) -> dict[str, Any]:
    """End the uploads and share them in a channel as one message."""
    workspace, arguments = call.workspace, call.arguments
    wanted = _wanted(call)
    content = read_content(arguments)
    if any(block.get("type") == "markdown" for block in content.blocks or ()):
        # Slack's own bug with this block here, reported as slackapi/python-slack-sdk#1756.
        raise SlackError("internal_error")
    channel_id = arguments.text("channel_id") or (arguments.text("channels") or "").split(",")[0]
    channel = call.writable(workspace.channels.get(channel_id)) if channel_id else None
    with workspace.database.transaction():
        files = [workspace.uploads.complete(item["id"], item.get("title")) for item in wanted]
        described = [file.describe(call.base_url) for file in files]
        if channel:
            workspace.messages.add(
                Message(
                    channel_id=channel.channel_id,
                    user_id=call.caller.user_id,
                    text=mrkdwn.stored(arguments.text("initial_comment") or "", link_urls=True),
                    blocks=content.blocks or None,
                    thread_ts=thread_root(call, channel.channel_id),
                    files=described,
                )
            )
    return {"files": described}


def _wanted(call: Call) -> list[dict[str, Any]]:
    try:
        wanted = call.arguments.structure("files")
    except ValueError:
        wanted = None
    if not isinstance(wanted, list) or not wanted or not all(_names_file(item) for item in wanted):
        raise SlackError("invalid_arguments", ["must provide an array of objects with an id [json-pointer:/files]"])
    return wanted


def _names_file(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("id"), str) and isinstance(item.get("title", ""), str | None)
