"""Logins in the words of LOGIN_HISTORY and SESSIONS."""

import datetime
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .identities import next_identity

# The names under which drivers introduce themselves, and LOGIN_HISTORY's.
_CLIENTS = {
    "PythonConnector": "PYTHON_DRIVER",
    "JDBC": "JDBC_DRIVER",
    "ODBC": "ODBC_DRIVER",
    "Go": "GO_DRIVER",
    "JavaScript": "NODE_DRIVER",
    ".NET": "DOTNET_DRIVER",
    "PHP_PDO": "PHP_DRIVER",
    "SnowSQL": "SNOWSQL",
}
_FACTORS = {
    "SNOWFLAKE_JWT": "RSA_KEYPAIR",
    "OAUTH": "OAUTH_ACCESS_TOKEN",
    "PROGRAMMATIC_ACCESS_TOKEN": "PROGRAMMATIC_ACCESS_TOKEN",
    "EXTERNALBROWSER": "SAML2_ASSERTION",
    "WORKLOAD_IDENTITY": "WORKLOAD_IDENTITY",
}


@dataclass(frozen=True)
class Refusal:
    """Why a login failed: the client's words, and LOGIN_HISTORY's."""

    code: int
    message: str
    reason: str


INCORRECT = Refusal(390100, "Incorrect username or password was specified.", "INCORRECT_USERNAME_PASSWORD")
DISABLED = Refusal(390101, "User access disabled. Contact your local system administrator.", "USER_ACCESS_DISABLED")


@dataclass(frozen=True)
class Login:
    """One attempt, as the client introduced itself."""

    user: str
    client_ip: str | None
    application: str
    version: str
    factor: str
    environment: Mapping[str, Any]
    event_id: int
    at: datetime.datetime

    def row(self, refusal: Refusal | None) -> dict[str, Any]:
        """A row of `logins`."""
        return {
            "event_id": self.event_id,
            "event_timestamp": self.at,
            "user_name": self.user,
            "client_ip": self.client_ip,
            "reported_client_type": _CLIENTS.get(self.application, "OTHER"),
            "reported_client_version": self.version,
            "first_authentication_factor": self.factor,
            "is_success": refusal is None,
            "error_code": refusal.code if refusal else None,
            "error_message": refusal.reason if refusal else None,
        }

    def session_row(self, session_id: int) -> dict[str, Any]:
        """A row of `sessions`."""
        return {
            "session_id": session_id,
            "created_on": self.at,
            "user_name": self.user,
            "authentication_method": self.factor,
            "login_event_id": self.event_id,
            "client_application_id": f"{self.application} {self.version}",
            "client_application_version": self.version,
            "client_environment": json.dumps(dict(self.environment)),
        }


def login_of(data: Mapping[str, Any], client_ip: str | None) -> Login:
    """From the body of a login request."""
    return Login(
        user=str(data.get("LOGIN_NAME") or "").upper(),
        client_ip=client_ip,
        application=str(data.get("CLIENT_APP_ID") or ""),
        version=str(data.get("CLIENT_APP_VERSION") or ""),
        factor=_FACTORS.get(str(data.get("AUTHENTICATOR") or "").upper(), "PASSWORD"),
        environment=data.get("CLIENT_ENVIRONMENT") or {},
        event_id=next_identity(),
        at=datetime.datetime.now(datetime.UTC),
    )
