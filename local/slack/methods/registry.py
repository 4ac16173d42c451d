"""What a method declares beside its code: what it requires, how it may be called, how often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local.slack.arguments import Arguments
from local.slack.channels import Channel
from local.slack.errors import SlackError
from local.slack.identity import Identity
from local.slack.ratelimit import Limit
from local.slack.workspace import Workspace


@dataclass(frozen=True)
class Call:
    """One authenticated call of a method."""

    workspace: Workspace
    arguments: Arguments
    caller: Identity
    base_url: str

    def channel(self, name: str = "channel") -> Channel:
        """The channel an argument names by its id."""
        return self.workspace.channels.get(self.arguments.text(name))

    def readable_channel(self) -> Channel:
        """The channel named, which the caller must be in to read."""
        channel = self.channel()
        if self.caller.user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def writable(self, channel: Channel) -> Channel:
        """The channel, if the caller may write to it."""
        if channel.is_archived:
            raise SlackError("is_archived")
        if self.caller.user_id not in channel.members:
            raise SlackError("not_in_channel")
        return channel


Handler = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True)
class Method:
    """One method of the Web API."""

    name: str
    handler: Handler
    limit: Limit
    required: tuple[str, ...]
    accepts_json: bool
    needs_token: bool


METHODS: dict[str, Method] = {}


def method(
    name: str, *, limit: Limit, required: tuple[str, ...] = (), accepts_json: bool = False, needs_token: bool = True
) -> Callable[[Handler], Handler]:
    """Register a handler.

    `required` arguments that are absent are refused before anything is looked up. `accepts_json` is False for the
    methods that read a form or the query only, which Slack's own description and measurement agree on.
    """

    def register(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, limit, required, accepts_json, needs_token)
        return handler

    return register


def require(arguments: Arguments, names: tuple[str, ...]) -> None:
    """SlackError `invalid_arguments` naming each absent argument."""
    missing = [name for name in names if not arguments.has(name)]
    if missing:
        raise SlackError("invalid_arguments", [f"missing required field: {name}" for name in missing])
