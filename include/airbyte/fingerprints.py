"""Which secret values Airbyte was last given, without keeping the values.

Airbyte never shows a secret, so whether one was rotated can only be known by remembering a fingerprint of what was
sent. It is salted and slow to compute, because a copy of this file must not help to guess a short password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from pathlib import Path

from include.airbyte.desired import Actor

_ROUNDS = 100_000


class Fingerprints:
    """The fingerprints in one file, by object id and path of the secret.

    A missing or broken file knows nothing: the secrets are sent once more and the file is written anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._known: dict[str, dict[str, str]] = json.loads(path.read_text())
        except (FileNotFoundError, ValueError):
            self._known = {}

    def changed(self, identity: str, actor: Actor) -> list[str]:
        """Paths of secrets that differ from what was sent last."""
        known = self._known.get(identity, {})
        return [path for path, value in actor.secrets.items() if path in known and not _matches(known[path], value)]

    def unknown(self, identity: str, actor: Actor) -> list[str]:
        """Paths of secrets that were not sent from here."""
        return [path for path in actor.secrets if path not in self._known.get(identity, {})]

    def remember(self, identity: str, actor: Actor) -> None:
        """Keep the fingerprints of what Airbyte has just been given."""
        known = self._known.get(identity, {})
        self._known[identity] = {
            path: known[path] if path in known and _matches(known[path], value) else _fingerprint(value)
            for path, value in actor.secrets.items()
        }
        self._save()

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_suffix(".tmp")
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._known, file, indent=1, sort_keys=True)
        temporary.replace(self._path)


def _fingerprint(value: str, salt: str | None = None) -> str:
    salt = salt or secrets.token_hex(16)
    return f"{salt}:{hashlib.pbkdf2_hmac('sha256', value.encode(), bytes.fromhex(salt), _ROUNDS).hex()}"


def _matches(fingerprint: str, value: str) -> bool:
    return hmac.compare_digest(fingerprint, _fingerprint(value, fingerprint.partition(":")[0]))
