"""`conversations.*`: what a channel holds and which channels there are."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any

from local.slack import timestamps
from local.slack.arguments import Arguments
from local.slack.errors import SlackError
from local.slack.messages import Message, Window
from local.slack.methods.registry import Call, method
from local.slack.ratelimit import TIER_2, TIER_3

_TYPES = {"public_channel", "private_channel", "im", "mpim"}
HISTORY_PAGE, REPLIES_PAGE, LIST_PAGE = 100, 1000, 100
LARGEST_PAGE = 999


def _cursor(arguments: Arguments, kind: str) -> str | None:
    """The position a cursor of ours carries; SlackError `invalid_cursor` for any other text."""
    raw = arguments.text("cursor")
    if not raw:
        return None
    try:
        found, _, position = base64.b64decode(raw, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    if found != kind or not position:
        raise SlackError("invalid_cursor")
    return position


def _following(kind: str, position: str) -> dict[str, Any]:
    cursor = base64.b64encode(f"{kind}:{position}".encode()).decode()
    return {"response_metadata": {"next_cursor": cursor}}


def _bounds(arguments: Arguments) -> dict[str, str]:
    """`latest` and `oldest` as sent; `latest` is refused before `oldest`, as Slack does."""
    bounds: dict[str, str] = {}
    for name in ("latest", "oldest"):
        try:
            bound = timestamps.read(arguments.text(name))
        except ValueError:
            raise SlackError(f"invalid_ts_{name}") from None
        if bound is not None:
            bounds[name] = bound
    return bounds


def _window(bounds: dict[str, str], *, inclusive: bool) -> Window:
    """The bounds as a window: a `ts` counts microseconds, so an exclusive bound is one of them further in."""
    step = 0 if inclusive else 1
    first, last = bounds.get("oldest"), bounds.get("latest")
    return Window(
        timestamps.render(timestamps.microseconds(first) + step) if first else None,
        timestamps.render(timestamps.microseconds(last) - step) if last else None,
    )


@method("conversations.history", limit=TIER_3, required=("channel",))
def history(call: Call) -> dict[str, Any]:
    """Top-level messages, newest first. With `oldest` alone the pages walk forward in time from it."""
    arguments = call.arguments
    channel = call.readable_channel()
    bounds = _bounds(arguments)
    window = _window(bounds, inclusive=arguments.flag("inclusive"))
    limit = arguments.count("limit", HISTORY_PAGE, LARGEST_PAGE)
    forward = "oldest" in bounds and "latest" not in bounds
    if position := _cursor(arguments, "next_ts"):
        window = replace(window, **{"first" if forward else "last": position})
    found = call.workspace.messages.history(channel.channel_id, window, limit + 1, forward=forward)
    page = found[-limit:] if forward else found[:limit]
    more = len(found) > limit
    return {
        **bounds,
        "messages": _shown(call, page),
        "has_more": more,
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        **(_following("next_ts", (found[0] if forward else found[limit]).ts) if more else {}),
    }


@method("conversations.replies", limit=TIER_3, required=("channel", "ts"))
def replies(call: Call) -> dict[str, Any]:
    """A thread, its root first on every page, then the replies from the oldest on."""
    arguments = call.arguments
    channel = call.readable_channel()
    window = _window(_bounds(arguments), inclusive=arguments.flag("inclusive"))
    named = call.workspace.messages.get(channel.channel_id, arguments.text("ts"))
    if named is None:
        raise SlackError("thread_not_found")
    root = call.workspace.messages.root_of(named)
    limit = arguments.count("limit", REPLIES_PAGE, REPLIES_PAGE)
    if position := _cursor(arguments, "next_ts"):
        window = replace(window, first=position)
    found = call.workspace.messages.replies(root, window, limit + 1)
    more = len(found) > limit
    return {
        "messages": _shown(call, [root, *found[:limit]]),
        "has_more": more,
        **(_following("next_ts", found[limit].ts) if more else {}),
    }


def _shown(call: Call, page: list[Message]) -> list[dict[str, Any]]:
    return call.workspace.presenter.many(
        page, all_metadata=call.arguments.flag("include_all_metadata"), viewer=call.caller.user_id
    )


@method("conversations.info", limit=TIER_3, required=("channel",))
def info(call: Call) -> dict[str, Any]:
    """One channel; the number of members only when asked for."""
    conversation = call.channel().conversation(call.caller.user_id)
    if not call.arguments.flag("include_num_members"):
        del conversation["num_members"]
    return {"channel": conversation}


@method("conversations.list", limit=TIER_2)
def list_channels(call: Call) -> dict[str, Any]:
    """The public channels; an empty `next_cursor` says that was all."""
    arguments = call.arguments
    wanted = {name.strip() for name in (arguments.text("types") or "public_channel").split(",")}
    if not wanted <= _TYPES:
        raise SlackError("invalid_types")
    limit = arguments.count("limit", LIST_PAGE, LARGEST_PAGE)
    position = _cursor(arguments, "channel")
    channels = call.workspace.channels.all() if "public_channel" in wanted else []
    if arguments.flag("exclude_archived"):
        channels = [channel for channel in channels if not channel.is_archived]
    left = [channel for channel in channels if position is None or channel.name >= position]
    # This method says the end with an empty cursor, history and replies with none.
    last_page: dict[str, Any] = {"response_metadata": {"next_cursor": ""}}
    following = _following("channel", left[limit].name) if len(left) > limit else last_page
    page = [channel.conversation(call.caller.user_id) for channel in left[:limit]]
    return {"channels": page, **following}


@method("conversations.join", limit=TIER_3, required=("channel",), accepts_json=True)
def join(call: Call) -> dict[str, Any]:
    """Become a member; a warning, no error, when one is already."""
    channel = call.channel()
    if channel.is_archived:
        raise SlackError("is_archived")
    already = call.caller.user_id in channel.members
    call.workspace.channels.join(channel, call.caller.user_id)
    body: dict[str, Any] = {"channel": call.channel().conversation(call.caller.user_id)}
    if already:
        body |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return body
