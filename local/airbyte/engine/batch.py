"""Collects one stream's records as CSV rows until there are enough to load.

This is the hot path: everything done per record is here, and only what must be.
"""

from __future__ import annotations

import datetime as dt
import gzip
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from local.airbyte.engine.columns import NULL, TOO_LARGE, TYPECAST, TooLarge, quoted
from local.airbyte.engine.plan import StreamPlan
from local.airbyte.models import Json


def _uuid() -> str:
    """A random UUID (version 4). The standard library's costs four times as much, and every record has one."""
    text = f"{random.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows of one stream, in the order they came, and the newest state that covers them all."""

    plan: StreamPlan
    number: int
    rows: list[str]
    bytes: int
    state: Json | None

    def write(self, folder: Path) -> Path:
        """The rows as a gzipped CSV file."""
        path = folder / f"{self.plan.table.lower()}-{self.number:06d}.csv.gz"
        path.write_bytes(gzip.compress("".join(self.rows).encode(), compresslevel=1))
        return path


class Collector:
    """The rows of one stream that are not yet handed to the loader."""

    def __init__(self, plan: StreamPlan, sync_id: int) -> None:
        self._plan = plan
        self._sync_id = sync_id
        self._columns = [(column.field, column.convert) for column in plan.columns]
        self._clean_meta = quoted(orjson.dumps({"sync_id": sync_id, "changes": []}).decode())
        self._extracted_at: tuple[int, str] = (-1, "")
        self._rows: list[str] = []
        self._sizes = 0
        self._state: Json | None = None
        self._covered = (0, 0)
        self._number = 0

    @property
    def rows(self) -> int:
        return len(self._rows)

    @property
    def bytes(self) -> int:
        return self._sizes

    def add(self, record: dict[str, Any], size: int) -> None:
        """One RECORD's body; `size` is the length of its message."""
        data = record["data"]
        changes: list[Json] = list((record.get("meta") or {}).get("changes") or ())
        fields: list[str] = []
        for field, convert in self._columns:
            value = data.get(field)
            if value is None:
                fields.append(NULL)
                continue
            try:
                fields.append(convert(value))
            except TooLarge:
                fields.append(NULL)
                changes.append({"field": field, "change": "NULLED", "reason": TOO_LARGE})
            except (ValueError, TypeError, OverflowError):
                fields.append(NULL)
                changes.append({"field": field, "change": "NULLED", "reason": TYPECAST})
        head = f"{_uuid()},{self._time(record['emitted_at'])},{self._meta(changes)},{self._plan.generation_id},"
        self._rows.append(head + ",".join(fields) + "\n")
        self._sizes += size

    def _time(self, emitted_at: int) -> str:
        known, text = self._extracted_at
        if known != emitted_at:
            moment = dt.datetime.fromtimestamp(emitted_at / 1000, dt.UTC)
            text = moment.isoformat(timespec="milliseconds")
            self._extracted_at = (emitted_at, text)
        return text

    def _meta(self, changes: list[Json]) -> str:
        if not changes:
            return self._clean_meta
        return quoted(orjson.dumps({"sync_id": self._sync_id, "changes": changes}).decode())

    def checkpoint(self, state: Json) -> None:
        """Every row so far is covered by this state."""
        self._state = state
        self._covered = (len(self._rows), self._sizes)

    def take(self, *, only_covered: bool = False) -> Batch:
        """Hand over what was collected; `only_covered` leaves out rows that the next attempt will read again."""
        rows, size = (self._rows[: self._covered[0]], self._covered[1]) if only_covered else (self._rows, self._sizes)
        batch = Batch(plan=self._plan, number=self._number, rows=rows, bytes=size, state=self._state)
        self._number += 1
        self._rows, self._sizes, self._state, self._covered = [], 0, None, (0, 0)
        return batch
