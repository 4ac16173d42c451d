"""One call to Slack and what became of it, including "nobody knows".

slack_sdk's own retries are off: it repeats a post whose answer was lost, which makes two messages, and fails on a
Retry-After that is no integer. Here each call is made once, and its outcome is one of a few words the dispatcher acts
on.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from include.firehose.limits import retry_after

log = logging.getLogger(__name__)

CALL_SECONDS = 8
METADATA_TYPE = "backbeat_delivery"
# conversations.history answers at most this many messages at once in every kind of app.
PAGE = 100
PAGES = 50


class Fate(StrEnum):
    """What became of a call."""

    SENT = "sent"
    LIMITED = "limited"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    GONE = "gone"
    STOPPED = "stopped"


_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}
# Slack says itself of these that the call may have had its effect.
_UNKNOWN = {"internal_error", "fatal_error", "request_timeout", "service_unavailable"}
_GONE = {
    "message_not_found",
    "cant_update_message",
    "edit_window_closed",
    "thread_not_found",
    "invalid_thread_ts",
    "cannot_reply_to_message",
}
# Nothing is wrong with the message: the token or the channel is, and a person has to mend it.
_STOPPED = {
    "access_denied",
    "account_inactive",
    "channel_not_found",
    "ekm_access_denied",
    "enterprise_is_restricted",
    "invalid_auth",
    "is_archived",
    "missing_scope",
    "no_permission",
    "not_allowed_token_type",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "restricted_action",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
    "two_factor_setup_required",
}


@dataclass(frozen=True)
class Outcome:
    """The fate of a call, with what belongs to it: the message's ts, the seconds to wait, the reason."""

    fate: Fate
    ts: str = ""
    wait: float = 0.0
    error: str = ""


class Slack:
    """One Slack channel's API, called at most once per request."""

    def __init__(self, *, token: str, api_url: str) -> None:
        self._client = WebClient(token=token, base_url=api_url, timeout=CALL_SECONDS, retry_handlers=[])
        # slack_sdk sends everything through HTTPS_PROXY, also what NO_PROXY names; urllib itself knows both.
        self._client.proxy = None

    def post(self, channel: str, delivery_id: str, body: Mapping[str, Any]) -> Outcome:
        """Post a root message; its metadata carries the delivery's id and nothing else, as any member can read it."""
        return self._call("chat.postMessage", self._new(channel, delivery_id, body))

    def reply(self, channel: str, thread_ts: str, delivery_id: str, body: Mapping[str, Any]) -> Outcome:
        """Post a reply; GONE when its root is not there any more.

        Slack does not refuse a thread that does not exist: the reply appears in the channel. It is taken back.
        """
        arguments = self._new(channel, delivery_id, body) | {"thread_ts": thread_ts}
        try:
            answer = self._client.api_call("chat.postMessage", json=arguments)
            message = answer.get("message") or {}
            if message.get("thread_ts") == thread_ts:
                return Outcome(Fate.SENT, ts=str(answer["ts"]))
        except Exception as error:
            return _failed(error)
        self._delete(channel, str(answer["ts"]))
        return Outcome(Fate.GONE, error="The root of the thread is gone.")

    def take_back(self, channel: str, delivery_id: str, *, oldest: float) -> None:
        """Remove a reply that may have appeared in the channel because its thread was gone, if it has."""
        stray = self.find(channel, delivery_id, oldest=oldest)
        if stray.fate is Fate.SENT:
            self._delete(channel, stray.ts)

    def _delete(self, channel: str, ts: str) -> None:
        try:
            self._client.api_call("chat.delete", json={"channel": channel, "ts": ts})
        except Exception as error:
            log.warning("A reply without its thread stays in the channel (%s): %s", ts, error)

    def _new(self, channel: str, delivery_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
        metadata = {"event_type": METADATA_TYPE, "event_payload": {"delivery_id": delivery_id}}
        return {
            "channel": channel,
            "metadata": metadata,
            "unfurl_links": False,
            "unfurl_media": False,
            "link_names": False,
            "mrkdwn": False,
            **body,
        }

    def update(self, channel: str, ts: str, body: Mapping[str, Any]) -> Outcome:
        """Edit a message; its metadata stays, because none is sent."""
        return self._call("chat.update", {"channel": channel, "ts": ts, "link_names": False, **body})

    def find(self, channel: str, delivery_id: str, *, oldest: float, thread_ts: str = "") -> Outcome:
        """Look in the channel's history, or in a thread, for the message of a delivery.

        SENT with its ts when it is there, NOT_SENT when it is not, another fate when the history cannot be read.
        """
        try:
            for message in self._history(channel, oldest, thread_ts):
                metadata = message.get("metadata") or {}
                payload = metadata.get("event_payload") or {}
                if metadata.get("event_type") == METADATA_TYPE and payload.get("delivery_id") == delivery_id:
                    return Outcome(Fate.SENT, ts=str(message["ts"]))
        except Exception as error:
            return _failed(error)
        return Outcome(Fate.NOT_SENT)

    def _history(self, channel: str, oldest: float, thread_ts: str) -> Iterator[Mapping[str, Any]]:
        method, thread = ("conversations.replies", {"ts": thread_ts}) if thread_ts else ("conversations.history", {})
        cursor = ""
        for _ in range(PAGES):
            answer = self._client.api_call(
                method,
                params={
                    **thread,
                    "channel": channel,
                    "oldest": f"{oldest:.6f}",
                    "limit": PAGE,
                    "include_all_metadata": True,
                    **({"cursor": cursor} if cursor else {}),
                },
            )
            yield from answer.get("messages") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise LookupError(f"The channel has more than {PAGE * PAGES} messages since the call; the search was given up.")

    def _call(self, method: str, arguments: Mapping[str, Any]) -> Outcome:
        try:
            answer = self._client.api_call(method, json=dict(arguments))
            return Outcome(Fate.SENT, ts=str(answer["ts"]))
        except Exception as error:
            return _failed(error)


def _failed(error: Exception) -> Outcome:
    """The outcome that an exception of slack_sdk or of the network means; UNKNOWN unless it is certain."""
    if isinstance(error, SlackApiError):
        return _answered(error)
    if isinstance(error, URLError) and isinstance(
        error.reason, (ConnectionRefusedError, socket.gaierror, ssl.SSLError)
    ):
        return Outcome(Fate.NOT_SENT, error=f"Slack cannot be reached: {error.reason}")
    kind = "" if isinstance(error, SlackClientError) else f"{type(error).__name__}: "
    return Outcome(Fate.UNKNOWN, error=f"{kind}{error}"[:500])


def _answered(error: SlackApiError) -> Outcome:
    response = error.response
    status = getattr(response, "status_code", 0)
    data = getattr(response, "data", None)
    code = str(data.get("error", "")) if isinstance(data, Mapping) else ""
    if status == 429 or code in _LIMITED:
        return Outcome(Fate.LIMITED, wait=retry_after(getattr(response, "headers", None) or {}, data), error=code)
    if status >= 500 or code in _UNKNOWN:
        return Outcome(Fate.UNKNOWN, error=f"{status} {code}"[:500])
    if code in _GONE:
        return Outcome(Fate.GONE, error=code)
    if code in _STOPPED:
        return Outcome(Fate.STOPPED, error=code)
    if status == 200 and (not code or code.startswith("Received a response in a non-JSON format")):
        return Outcome(Fate.UNKNOWN, error=code[:500] or "Slack's answer has no reason.")
    details = data.get("response_metadata") if isinstance(data, Mapping) else None
    return Outcome(Fate.REFUSED, error=f"{code} {details or ''}".strip()[:500])
