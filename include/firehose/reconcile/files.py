"""DAG files that cannot be imported: Airflow's import errors, as episodes that begin and end.

A broken file runs nothing and calls nobody back: its DAGs just stop. An episode is open in the outbox until its error
is gone from Airflow, so that a restart of this process neither repeats nor forgets one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from include.firehose import tables
from include.firehose.event import Event, Kind, file_subject
from include.firehose.reconcile.attempts import time
from include.firehose.redact import clean, mask
from include.settings.vocabulary import Severity

BROKEN, MENDED = "broken", "mended"
ERROR_CHARS = 500
TRACE_CHARS = 2000
# An error whose text differs with every try (an address, a time) must not be told with every try.
_CHANGES = 10
_VOLATILE = re.compile(r"0x[0-9a-fA-F]+|\d+")


@dataclass
class _Episode:
    facts: Mapping[str, Any]
    errors: set[str] = field(default_factory=set)


class BrokenFiles:
    """The open episodes, and what Airflow's list of import errors makes of them."""

    def __init__(self) -> None:
        self._open: dict[str, _Episode] | None = None

    def load(self, connection: Connection) -> None:
        """Read the open episodes from the outbox, the first time."""
        if self._open is not None:
            return
        rows = connection.execute(select(tables.event).where(tables.event.c.kind == Kind.DAG_FILE.value)).all()
        over = {row.subject_key for row in rows if row.payload.get("state") == MENDED}
        self._open = {}
        for row in rows:
            if row.subject_key not in over:
                episode = self._open.setdefault(row.subject_key, _Episode(row.payload))
                episode.errors.add(_lasting(str(row.payload.get("error", ""))))

    def news(self, rows: Sequence[Mapping[str, Any]], now: datetime, *, complete: bool) -> list[Event]:
        """The events of files that broke, whose error is another one now, or that can be imported again.

        Without a `complete` list, an error that is not in it may still be there.
        """
        self._open = known = {} if self._open is None else self._open
        events = []
        for row in rows:
            subject = _subject(row)
            error = _lasting(_error(row))
            episode = known.get(subject)
            if episode is None:
                known[subject] = episode = _Episode(_facts(row))
                events.append(
                    _event(subject, f"{subject}:{BROKEN}", BROKEN, _facts(row), time(row["timestamp"]) or now)
                )
            elif error not in episode.errors and len(episode.errors) < _CHANGES:
                digest = hashlib.sha256(error.encode("utf-8", "replace")).hexdigest()[:8]
                events.append(_event(subject, f"{subject}:{BROKEN}:{digest}", BROKEN, _facts(row), now))
            episode.errors.add(error)
        if complete:
            for subject in set(known) - {_subject(row) for row in rows}:
                facts = {key: known[subject].facts.get(key) for key in ("bundle", "file", "import_error_id")}
                events.append(_event(subject, f"{subject}:{MENDED}", MENDED, facts, now))
                del known[subject]
        return events


def _subject(row: Mapping[str, Any]) -> str:
    return file_subject(row["bundle_name"] or "", row["filename"], row["import_error_id"])


def _facts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "bundle": row["bundle_name"] or "",
        "file": row["filename"],
        "import_error_id": row["import_error_id"],
        "error": _error(row),
        "trace": mask(clean(row["stack_trace"])[-TRACE_CHARS:]),
    }


def _error(row: Mapping[str, Any]) -> str:
    """The last line of the trace, which names the exception."""
    lines = [line.strip() for line in mask(clean(row["stack_trace"])[-TRACE_CHARS:]).splitlines() if line.strip()]
    return lines[-1][:ERROR_CHARS] if lines else ""


def _lasting(error: str) -> str:
    return _VOLATILE.sub("", error)


def _event(subject: str, event_id: str, state: str, facts: Mapping[str, Any], at: datetime) -> Event:
    return Event(
        event_id=event_id,
        kind=Kind.DAG_FILE,
        series=f"af:file:{facts['bundle']}:{facts['file']}",
        subject_key=subject,
        occurred_at=at,
        severity=Severity.ERROR if state == BROKEN else Severity.INFO,
        payload={**facts, "state": state},
    )
