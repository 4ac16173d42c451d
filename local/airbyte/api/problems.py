"""Airbyte's problem documents (RFC 7807): every refusal has a type, a title and a message in `data`."""

from __future__ import annotations

from typing import Any

_BASE = "https://reference.airbyte.com/reference/errors#"


class Problem(Exception):
    """A refusal as the API answers it."""

    def __init__(self, status: int, title: str, detail: str, **data: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.data = data

    @property
    def document(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "type": f"{_BASE}{self.title}",
            "title": self.title,
            "detail": self.detail,
            "documentationUrl": None,
            "data": self.data,
        }


def bad_request(message: str) -> Problem:
    return Problem(400, "bad-request", "The request could not be understood.", message=message)


def invalid_api_key() -> Problem:
    detail = "The provided API key is invalid. Please make sure you are using a valid client ID and client secret."
    return Problem(401, "invalid-api-key", detail, message="Unauthorized")


def not_found(resource_type: str, resource_id: str) -> Problem:
    detail = "The requested resource could not be found."
    return Problem(404, "resource-not-found", detail, resourceType=resource_type, resourceId=resource_id)


def try_again_later(message: str) -> Problem:
    return Problem(409, "try-again-later", "The request could not be completed now; try again later.", message=message)


def state_conflict(message: str) -> Problem:
    detail = "State of target resource is not what was expected"
    return Problem(409, "state-conflict", detail, message=message)


def unprocessable(message: str) -> Problem:
    detail = "The body of the request was not understood"
    return Problem(422, "unprocessable-entity", detail, message=message)


def unexpected(message: str) -> Problem:
    return Problem(500, "unexpected-problem", "An unexpected problem has occurred.", message=message)
