"""Airbyte's API as plain JSON, on the transport, authentication and token cache of the airbyte-api SDK.

Not the SDK's typed calls: its configuration models drop keys they do not know, add defaults nobody wrote and take one
connector for another (measured with 1.0.1: {"api_key": ...} becomes SafetyCulture), and a job status that Airbyte
added later fails the whole answer. Everything Airbyte can do wrong becomes one of three errors with one sentence each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    # Half a second that every task of a DAG with a sync would pay when its worker parses the file.
    from airbyte_api import AirbyteAPI

Json = dict[str, Any]

PUBLIC_SUFFIX = "/api/public/v1"
PAGE = 100

_HINTS = {
    401: "check the client id and secret",
    403: "the application's role does not allow this, or the object is in another workspace",
    404: f"check the id, and that the base URL ends with {PUBLIC_SUFFIX}",
}
_TOKEN_STATUS = re.compile(r"Unexpected status code (\d+) from token endpoint")


class AirbyteError(Exception):
    """Airbyte did not do what it was asked."""


class AirbyteUnavailable(AirbyteError):
    """Airbyte could not be reached, or answered 429 or 5xx: the same request may work later."""


class AirbyteRefused(AirbyteError):
    """Airbyte answered 4xx: the request has to change."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Client:
    """One Airbyte. Every call raises AirbyteUnavailable or AirbyteRefused."""

    def __init__(self, sdk: AirbyteAPI) -> None:
        self._sdk = sdk
        self.base_url = sdk.sdk_configuration.get_server_details()[0].rstrip("/")

    @property
    def root(self) -> str:
        """The address of the installation, where its web application is."""
        return self.base_url.removesuffix(PUBLIC_SUFFIX)

    def call(self, method: str, path: str, *, body: Json | None = None, params: Mapping[str, Any] | None = None) -> Any:
        """One request of the public API; the decoded answer, or None when it has no body."""
        return self._request(method, f"{self.base_url}{path}", body, params)

    def call_config_api(self, path: str, body: Json) -> Any:
        """One request of the internal Config API, which has the statistics and reasons the public one lacks."""
        if self.root == self.base_url:
            raise AirbyteRefused(f"{self.base_url} has no Config API: it does not end with {PUBLIC_SUFFIX}.", 404)
        return self._request("POST", f"{self.root}/api/v1{path}", body, None)

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Json]:
        """Every item of a list. `next` is set on the last page too, so the end is an empty page."""
        offset = 0
        while True:
            items = self.call("GET", path, params={**(params or {}), "limit": PAGE, "offset": offset})["data"]
            if not items:
                return
            yield from items
            offset += len(items)

    def _request(self, method: str, url: str, body: Json | None, params: Mapping[str, Any] | None) -> Any:
        answer = self._send(method, url, body, params)
        if answer.status_code == 401:
            # The SDK has only dropped the token from its cache; a restarted server knows no old one.
            answer = self._send(method, url, body, params)
        if not answer.is_success:
            raise _refusal(method, url, answer)
        try:
            return answer.json() if answer.content else None
        except ValueError as error:
            raise AirbyteUnavailable(f"{method} {url} answered with no JSON: is that address Airbyte's API?") from error

    def _send(self, method: str, url: str, body: Json | None, params: Mapping[str, Any] | None) -> httpx.Response:
        from airbyte_api._hooks import HookContext
        from airbyte_api.errors import NoResponseError

        configuration = self._sdk.sdk_configuration
        client = configuration.client
        assert client is not None, "the SDK makes a client when it is given none"
        context = HookContext(configuration, self.base_url, "backbeat", [], configuration.security)
        try:
            request = client.build_request(method, url, json=body, params=params)
            return self._sdk.do_request(context, request, is_error_status_code=lambda status: status >= 400)
        except httpx.ConnectError as error:
            raise AirbyteUnavailable(f"No Airbyte answers at {self.base_url} ({error}): is it running?") from error
        except httpx.TimeoutException as error:
            raise AirbyteUnavailable(f"{method} {url} had no answer in time.") from error
        except (httpx.TransportError, NoResponseError) as error:
            raise AirbyteUnavailable(f"{method} {url} broke off: {error}.") from error
        except httpx.InvalidURL as error:
            raise AirbyteRefused(f"`{url}` is no URL: {error}.", 400) from error
        except Exception as error:
            # The SDK raises a bare Exception for a refused token request, and ValueError for one that is no JSON.
            raise _token_refusal(self.base_url, error) from error


def _refusal(method: str, url: str, answer: httpx.Response) -> AirbyteError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    problem = problem if isinstance(problem, dict) else {}
    detail = (problem.get("data") or {}).get("message") or problem.get("detail") or problem.get("title") or ""
    said = f"{method} {url} answered {answer.status_code}" + (f": {detail}" if detail else "")
    if answer.status_code == 429 or answer.status_code >= 500:
        return AirbyteUnavailable(f"{said}.")
    hint = _HINTS.get(answer.status_code)
    return AirbyteRefused(said + (f" ({hint})." if hint else "."), answer.status_code)


def _token_refusal(base_url: str, error: Exception) -> AirbyteError:
    match = _TOKEN_STATUS.search(str(error))
    if match is None:
        return AirbyteUnavailable(f"{base_url} gave no usable token: {error}.")
    status = int(match[1])
    if status == 429 or status >= 500:
        return AirbyteUnavailable(f"{base_url} answered {status} to the request for a token.")
    hint = _HINTS.get(status, "check the client id and secret")
    return AirbyteRefused(f"{base_url} answered {status} to the request for a token ({hint}).", status)
