"""Result tables of SHOW and of statements that only report success."""

import datetime
import fnmatch
from collections.abc import Iterable
from typing import Any

import pyarrow as pa

DONE = "Statement executed successfully."


def status(text: str) -> pa.Table:
    return pa.table({"status": pa.array([text], pa.string())})


def listing(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> pa.Table:
    """Rows of a SHOW: a few columns are timestamps, all others text."""
    names = list(columns)
    by_column = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [
        pa.array([_moment(v) for v in values], pa.timestamp("us", tz="UTC"))
        if name in _MOMENTS
        else pa.array([None if v is None else str(v) for v in values], pa.string())
        for name, values in zip(names, by_column, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=names)


_MOMENTS = {"created_on", "resumed_on", "updated_on", "started_on", "transaction_started_on", "acquired_on"}


def _moment(text: str | None) -> datetime.datetime | None:
    return datetime.datetime.fromisoformat(text) if text else None


def like(pattern: str | None, name: str) -> bool:
    """SHOW ... LIKE: SQL wildcards, whatever the case."""
    if pattern is None:
        return True
    glob = pattern.replace("[", "[[]").replace("*", "[*]").replace("?", "[?]").replace("%", "*").replace("_", "?")
    return fnmatch.fnmatchcase(name.upper(), glob.upper())
