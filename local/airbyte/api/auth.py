"""Access tokens: stateless and signed, so that a restart of the server invalidates none of them.

The provider's hook keeps tokens in a dictionary of its class; a server that forgot them would fail one call each.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time

from local.airbyte.settings import Settings
from local.airbyte.store import Store


class Tokens:
    """Issues and checks tokens of the one application."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings = settings
        self._store = store
        self._key = store.token_key

    def issue(self, client_id: str, client_secret: str) -> dict[str, object] | None:
        """The token document, or None for wrong credentials."""
        settings = self._settings
        right_id = secrets.compare_digest(client_id.encode(), settings.client_id.encode())
        right_secret = secrets.compare_digest(client_secret.encode(), settings.client_secret.encode())
        if not (right_id and right_secret):
            return None
        now = time.time()
        claims = {"sub": client_id, "iat": now, "exp": now + settings.token_seconds, "jti": secrets.token_hex(8)}
        payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=")
        token = b".".join([payload, self._sign(payload)]).decode()
        return {"access_token": token, "token_type": "Bearer", "expires_in": settings.token_seconds}

    def valid(self, token: str) -> bool:
        payload, _, signature = token.encode(errors="replace").partition(b".")
        if not hmac.compare_digest(signature, self._sign(payload)):
            return False
        claims = json.loads(base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4)))
        not_before = float(self._store.constant("tokens_not_before", "0"))
        return bool(claims["exp"] > time.time() and claims["iat"] >= not_before)

    def expire_all(self) -> None:
        """Every token issued until now is refused from now on."""
        self._store.set_constant("tokens_not_before", str(time.time()))

    def _sign(self, payload: bytes) -> bytes:
        digest = hmac.new(self._key, payload, hashlib.sha256).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=")
