"""A client of Airflow's REST API (v2) that only reads.

Kept apart from the rest so that there is one place that knows tokens, pages and what each kind of refusal means: an
Airflow that is away is a fact worth telling, a refused password is somebody's mistake, and a run that
is gone is neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import httpx

# Airflow cuts a larger page to this size (`[api] maximum_page_limit`).
PAGE = 100
SECONDS = 30.0
_REFUSED = (401, 403)


class AirflowAway(RuntimeError):
    """Airflow's REST API does not answer, or answers that it cannot work."""


class AirflowRefused(RuntimeError):
    """Airflow does not let this account read; the message says what to set."""


class NotThere(LookupError):
    """What was asked for does not exist (any more): a run or a DAG that was deleted."""


class BadRequest(RuntimeError):
    """Airflow does not understand a request: a bug of ours, or a version of Airflow this was not written for."""


def path(*parts: object) -> str:
    """A path of the API; each part is quoted, `~` stands for all."""
    return "/" + "/".join(quote(str(part), safe="~") for part in parts)


class AirflowRest:
    """Reads with the rights of one account, whose token it gets and renews by itself.

    `now` is Airflow's own clock as of the last answer: what is asked for by time must not depend on ours.
    """

    def __init__(self, url: str, username: str, password: str, *, seconds: float = SECONDS) -> None:
        self._url = url.rstrip("/")
        self._credentials = {"username": username, "password": password}
        # A proxy in the environment is for the world outside; Airflow is next door.
        self._client = httpx.Client(base_url=f"{self._url}/api/v2", timeout=seconds, trust_env=False)
        self.now = datetime.now(UTC)

    def get(self, path: str, params: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
        """The JSON object at a path below /api/v2; parameters with the value None are left out.

        Raises AirflowAway, AirflowRefused, NotThere or BadRequest.
        """
        asked = {key: value for key, value in {**(params or {}), **more}.items() if value is not None}
        if "Authorization" not in self._client.headers:
            self._authenticate()
        answer = self._send("GET", path, params=asked)
        if answer.status_code == 401:
            self._authenticate()
            answer = self._send("GET", path, params=asked)
        return self._read(answer, path)

    def pages(self, path: str, name: str, /, **params: Any) -> Iterator[list[dict[str, Any]]]:
        """The pages of a list that Airflow pages by cursor: rows that change meanwhile shift no page."""
        cursor: str | None = ""
        while cursor is not None:
            answer = self.get(path, limit=PAGE, cursor=cursor, **params)
            yield answer[name]
            cursor = answer.get("next_cursor")

    def rows(self, path: str, name: str, /, **params: Any) -> tuple[list[dict[str, Any]], bool]:
        """All rows of a list that Airflow pages by offset only, and whether they are all.

        They may not be when others have gone while the pages were read; what is missing then is not gone.
        """
        found: list[dict[str, Any]] = []
        while True:
            answer = self.get(path, limit=PAGE, offset=len(found), **params)
            found += answer[name]
            if len(answer[name]) < PAGE or len(found) >= answer["total_entries"]:
                return found, len(found) == answer["total_entries"]

    def close(self) -> None:
        """Give up the connections."""
        self._client.close()

    def _authenticate(self) -> None:
        answer = self._send("POST", f"{self._url}/auth/token", json=self._credentials)
        if answer.status_code in _REFUSED:
            raise AirflowRefused(
                f"Airflow at {self._url} refuses the user {self._credentials['username']!r}: set the user and the "
                "password of an account that may read."
            )
        self._client.headers["Authorization"] = f"Bearer {self._read(answer, '/auth/token')['access_token']}"

    def _send(self, method: str, target: str, **options: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, target, **options)
        except httpx.HTTPError as error:
            said = str(error) or type(error).__name__
            raise AirflowAway(f"Airflow at {self._url} does not answer: {said}") from error
        self.now = _time_of(answer)
        return answer

    def _read(self, answer: httpx.Response, path: str) -> dict[str, Any]:
        if answer.status_code == 404:
            raise NotThere(f"Airflow knows no {path}.")
        if answer.status_code in _REFUSED:
            raise AirflowRefused(
                f"Airflow does not let {self._credentials['username']!r} read {path}: give the account the right to "
                "read DAGs, runs, task instances, assets, import errors and the audit log."
            )
        if answer.status_code >= 500 or answer.status_code == 429:
            raise AirflowAway(f"Airflow at {self._url} answers {answer.status_code} to {path}.")
        if answer.is_error:
            raise BadRequest(f"Airflow answers {answer.status_code} to {path}: {answer.text[:300]}")
        try:
            content = answer.json()
        except ValueError as error:
            raise AirflowAway(f"What answers at {self._url} to {path} is not Airflow's API.") from error
        if not isinstance(content, dict):
            raise AirflowAway(f"What answers at {self._url} to {path} is not Airflow's API.")
        return content


def _time_of(answer: httpx.Response) -> datetime:
    try:
        time = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return datetime.now(UTC)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
