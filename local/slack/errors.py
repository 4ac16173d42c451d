"""The one way a method refuses a call: Slack answers HTTP 200 with `ok: false` and a short error name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class SlackError(Exception):
    """A refusal as Slack words it."""

    def __init__(self, error: str, details: Iterable[str] = (), **extra: Any) -> None:
        """`details` are the sentences Slack puts in `response_metadata.messages`; `extra` are further keys."""
        super().__init__(error)
        self.error = error
        self.details = list(details)
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON answer."""
        body: dict[str, Any] = {"ok": False, "error": self.error, **self.extra}
        if self.details:
            body["response_metadata"] = {"messages": [f"[ERROR] {detail}" for detail in self.details]}
        return body
