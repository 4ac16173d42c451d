"""Amplitude's Export API: a zip with one gzipped file of JSON lines per hour of upload.

https://amplitude.com/docs/apis/analytics/export; what is left out is in README.md.
"""

from __future__ import annotations

import base64
import gzip
import hmac
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from local.world.draws import Draws
from local.world.event_json import APP_ID, json_lines
from local.world.timeline import Timeline
from local.world.visits import Visits

_LONGEST = timedelta(days=365)
_HOUR = 3600
_HOURS_AT_ONCE = 24
_CHUNK = 1 << 20


class ExportError(Exception):
    """A query that cannot be answered; the message says why."""


class AnalyticsApi:
    """The routes below /analytics. Exports are put together in a file below `scratch`, never in memory."""

    def __init__(
        self,
        visits: Visits,
        draws: Draws,
        timeline: Timeline,
        *,
        credentials: str,
        now: Callable[[], int],
        scratch: Path,
    ) -> None:
        self._visits, self._draws, self._timeline = visits, draws, timeline
        self._authorization = "Basic " + base64.b64encode(credentials.encode()).decode()
        self._now, self._scratch = now, scratch

    def routes(self) -> list[Route]:
        return [Route("/api/2/export", self._export)]

    def _export(self, request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), self._authorization.encode()):
            return PlainTextResponse("Unauthorized", status_code=401, headers={"WWW-Authenticate": "Basic"})
        try:
            begin, end = parse_range(request.query_params.get("start"), request.query_params.get("end"))
        except ExportError as error:
            return JSONResponse({"error": {"http_code": 400, "type": "invalid_request", "message": str(error)}}, 400)
        archive = tempfile.TemporaryFile(dir=self._scratch)  # noqa: SIM115 - closed when the answer has been sent
        if not self._write(archive, begin, end):
            archive.close()
            return PlainTextResponse("Raw data files were not found.", status_code=404)
        headers = {"Content-Length": str(archive.tell()), "Content-Disposition": "attachment; filename=export.zip"}
        archive.seek(0)
        return StreamingResponse(_chunks(archive), media_type="application/zip", headers=headers)

    def _write(self, archive: IO[bytes], begin: datetime, end: datetime) -> int:
        """Write the hours from `begin` to before `end`; returns how many hold events."""
        first, last = self._timeline.data_seconds(begin), self._timeline.data_seconds(end)
        first = max(first, self._timeline.history_start // _HOUR * _HOUR)
        # What is uploaded in the present second is complete: the database is at that second too.
        last = min(last, self._now() + 1)
        files = 0
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
            for low in range(first, last, _HOURS_AT_ONCE * _HOUR):
                events = self._visits.uploaded(low, min(low + _HOURS_AT_ONCE * _HOUR, last))
                hours = events.uploaded // _HOUR
                for hour in np.unique(hours):
                    lines = json_lines(events[hours == hour], self._draws, self._timeline.offset)
                    name = self._file_name(int(hour) * _HOUR)
                    # No time stamp inside: the same events are the same bytes.
                    zipped.writestr(zipfile.ZipInfo(name), gzip.compress(b"".join(lines), compresslevel=4, mtime=0))
                    files += 1
        return files

    def _file_name(self, data_seconds: int) -> str:
        hour = self._timeline.moment(data_seconds)
        return f"{APP_ID}/{APP_ID}_{hour:%Y-%m-%d}_{hour.hour}#0.json.gz"


def parse_range(start: str | None, end: str | None) -> tuple[datetime, datetime]:
    """The first hour of an export and the hour after its last one. Raises ExportError."""
    begin, last = _hour("start", start), _hour("end", end)
    if last < begin:
        raise ExportError("The end of the range is before its start.")
    if last - begin >= _LONGEST:
        raise ExportError("The range is longer than 365 days; ask for less at once.")
    return begin, last + timedelta(hours=1)


def _hour(name: str, value: str | None) -> datetime:
    if value is None or not re.fullmatch(r"\d{8}T\d{1,2}", value):
        raise ExportError(f"The parameter {name} must have the form YYYYMMDDTHH.")
    try:
        return datetime.strptime(value, "%Y%m%dT%H").replace(tzinfo=UTC)
    except ValueError as error:
        raise ExportError(f"The parameter {name} is no hour of the calendar: {value}.") from error


def _chunks(archive: IO[bytes]) -> Iterator[bytes]:
    with archive:
        while chunk := archive.read(_CHUNK):
            yield chunk
