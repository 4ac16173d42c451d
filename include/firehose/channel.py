"""The channel as Slack shows it: the messages that carry a delivery's id, with their threads.

The last word on what people can read. Reading is slow (40 pages a minute), so it is for an audit and not for the
dispatcher.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from include.firehose.limits import PACES, retry_after
from include.firehose.slack import METADATA_TYPE, PAGE, Slack

# 20,000 messages, five minutes of reading.
LARGEST = 200
TRIES = 10
# Slack's clock dates its messages, the database's clock the deliveries.
CLOCK_SKEW = timedelta(minutes=15)
_LIMITED = {"ratelimited", "rate_limited"}
_GONE = {"thread_not_found", "message_not_found"}


class UnreadableChannel(RuntimeError):
    """The channel cannot be read, so nothing can be said about what is missing; the message says what to do."""


@dataclass(frozen=True)
class Found:
    """A message of ours in the channel, root or reply."""

    delivery_id: str
    ts: str
    text: str


class Channel(Slack):
    """One channel, read page by page at the pace of limits.py and with Slack's Retry-After obeyed."""

    def __init__(
        self, *, token: str, api_url: str, channel_id: str, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        super().__init__(token=token, api_url=api_url)
        self._channel_id = channel_id
        self._sleep = sleep
        self._next_at: dict[str, datetime] = {}

    def read(self, since: datetime, until: datetime, roots: Collection[str] = ()) -> list[Found]:
        """Our messages of the span, give or take CLOCK_SKEW, and the threads below them and below `roots`.

        `roots` are the ts of older messages. Raises UnreadableChannel.
        """
        span = {
            "oldest": f"{(since - CLOCK_SKEW).timestamp():.6f}",
            "latest": f"{(until + CLOCK_SKEW).timestamp():.6f}",
        }
        found: dict[str, Found] = {}
        threads = set(roots)
        for message in self._pages("conversations.history", span):
            _keep(found, message)
            if message.get("reply_count"):
                threads.add(str(message["ts"]))
        for ts in sorted(threads):
            for message in self._pages("conversations.replies", {"ts": ts}):
                _keep(found, message)
        return [found[ts] for ts in sorted(found, key=float)]

    def _pages(self, method: str, params: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _ in range(LARGEST):
            page = self._page(method, {**params, **({"cursor": cursor} if cursor else {})})
            yield from page.get("messages") or []
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        raise UnreadableChannel(
            f"The channel has more than {PAGE * LARGEST} messages in the span: audit a shorter one."
        )

    def _page(self, method: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """One page; an empty one for a thread whose root nobody knows any more."""
        asked = {"channel": self._channel_id, "limit": PAGE, "include_all_metadata": True, **params}
        for _ in range(TRIES):
            self._keep_pace(method)
            try:
                answer = self._client.api_call(method, params=asked).data
                return answer if isinstance(answer, Mapping) else {}
            except SlackApiError as error:
                status, data = error.response.status_code, error.response.data
                code = str(data.get("error", "")) if isinstance(data, Mapping) else ""
                if method == "conversations.replies" and code in _GONE:
                    return {}
                if status != 429 and status < 500 and code not in _LIMITED:
                    raise _unreadable(f"Slack answers {code or status} to {method}") from error
                self._sleep(retry_after(error.response.headers or {}, data))
            except (SlackClientError, OSError) as error:
                raise _unreadable(f"Slack does not answer to {method}: {error}") from error
        raise _unreadable(f"Slack has not taken {method} {TRIES} times in a row")

    def _keep_pace(self, method: str) -> None:
        pace, now = PACES[method], datetime.now(UTC)
        next_at = self._next_at.get(method, now)
        self._sleep(max(0.0, (pace.ready_at(next_at) - now).total_seconds()))
        self._next_at[method] = pace.after_call(next_at, now)


def _keep(found: dict[str, Found], message: Mapping[str, Any]) -> None:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") or {}
    if metadata.get("event_type") == METADATA_TYPE and payload.get("delivery_id"):
        ts = str(message["ts"])
        found[ts] = Found(str(payload["delivery_id"]), ts, str(message.get("text") or ""))


def _unreadable(reason: str) -> UnreadableChannel:
    return UnreadableChannel(
        f"{reason}: the bot needs channels:history (groups:history in a private channel) and to be a member. "
        "Try again when Slack answers."
    )
