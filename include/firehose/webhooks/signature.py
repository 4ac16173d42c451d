"""Whether a webhook was sent by who knows the secret. Over the raw body, before anything of it is read. Pure.

The routes are open to everybody, so the signature is the login: what cannot be verified is not even parsed.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

# Buildkite's own advice. A request's time may lie ahead as well: two clocks never agree.
FRESH_SECONDS = 300
_TIMESTAMP = re.compile(r"[0-9]{1,12}")

Headers = Mapping[str, str]


class Forged(ValueError):
    """The request does not prove that its sender knows the secret, or proves it for another time."""


def verify_github(body: bytes, headers: Headers, secret: str, now: float) -> None:
    """Check `X-Hub-Signature-256: sha256=<HMAC-SHA256 of the body>`.

    GitHub signs no time, so `now` is not asked: a repeated request is harmless because it tells the same facts.
    Raises Forged.
    """
    given = headers.get("x-hub-signature-256", "")
    if not given:
        raise Forged("The request has no X-Hub-Signature-256: enter the secret in the webhook's settings at GitHub.")
    if not _same(f"sha256={_digest(secret, body)}", given):
        raise Forged("X-Hub-Signature-256 does not fit the body: the secret at GitHub is not GITHUB_WEBHOOK_SECRET.")


def verify_buildkite(body: bytes, headers: Headers, secret: str, now: float) -> None:
    """Check `X-Buildkite-Signature: timestamp=<t>,signature=<HMAC-SHA256 of "<t>.<body>">`; `now` in epoch seconds.

    Raises Forged, also when the time is more than FRESH_SECONDS from now in either direction.
    """
    given = headers.get("x-buildkite-signature", "")
    parts = dict(part.strip().split("=", 1) for part in given.split(",") if "=" in part)
    timestamp, signature = parts.get("timestamp", ""), parts.get("signature", "")
    if not _TIMESTAMP.fullmatch(timestamp) or not signature:
        raise Forged(
            "The request has no X-Buildkite-Signature: choose the HMAC signature in the settings at Buildkite."
        )
    if not _same(_digest(secret, timestamp.encode() + b"." + body), signature):
        raise Forged(
            "X-Buildkite-Signature does not fit the body: the token at Buildkite is not BUILDKITE_WEBHOOK_TOKEN."
        )
    if abs(now - int(timestamp)) > FRESH_SECONDS:
        raise Forged(
            f"The request was signed {abs(now - int(timestamp)):.0f} s from now, {FRESH_SECONDS} s are allowed: "
            "it is a repetition of an old one, or this machine's clock is wrong."
        )


def verify_buildkite_token(body: bytes, headers: Headers, secret: str, now: float) -> None:
    """Check `X-Buildkite-Token`, which proves neither the body nor the time: only where somebody has chosen it.

    Raises Forged.
    """
    if not _same(secret, headers.get("x-buildkite-token", "")):
        raise Forged("X-Buildkite-Token is not the token that BUILDKITE_WEBHOOK_TOKEN holds.")


def _digest(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _same(expected: str, given: str) -> bool:
    # As bytes: compare_digest refuses text that is not ASCII, and a header may hold any.
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))
