"""Declared silences: series of which nobody wants to hear for a while, each with a reason, an owner and an end.

A silence without an end is a monitor switched off that everybody believes to be on. One that has run out no longer
counts, and the daily pulse names it until somebody removes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "silences.yml"
_REQUIRED = ("series", "reason", "owner", "until")
_KNOWN = (*_REQUIRED, "from")


class InvalidSilence(ValueError):
    """The file of silences cannot be used; the message names each wrong entry and what to write."""


@dataclass(frozen=True)
class Silence:
    """`series` is a pattern as of file names; `since` and `until` are whole days, both included."""

    series: str
    reason: str
    owner: str
    until: date
    since: date | None = None

    def __str__(self) -> str:
        """What a message says of it."""
        return f"Silenced until {self.until.isoformat()} by {self.owner}: {self.reason}"

    def covers(self, series: str, today: date) -> bool:
        """Whether it is in force for the series today."""
        return self.is_active(today) and fnmatchcase(series, self.series)

    def is_active(self, today: date) -> bool:
        """Whether it is in force today."""
        return (self.since is None or self.since <= today) and today <= self.until


@dataclass(frozen=True)
class Silences:
    """All declared silences."""

    declared: tuple[Silence, ...] = ()

    def of(self, series: str, today: date) -> Silence | None:
        """The silence that is in force for a series; the longest, when there are several."""
        covering = [silence for silence in self.declared if silence.covers(series, today)]
        return max(covering, key=lambda silence: silence.until, default=None)

    def active(self, today: date) -> tuple[Silence, ...]:
        """Those that are in force."""
        return tuple(silence for silence in self.declared if silence.is_active(today))

    def expired(self, today: date) -> tuple[Silence, ...]:
        """Those that have run out and still stand in the file."""
        return tuple(silence for silence in self.declared if silence.until < today)

    def expired_lines(self, today: date) -> list[str]:
        """What the daily pulse says of those that have run out."""
        return [
            f"{silence.series} ({silence.owner}, until {silence.until.isoformat()})" for silence in self.expired(today)
        ]


def read(path: Path = FILE) -> Silences:
    """The silences of a file. Raises InvalidSilence with all that is wrong in it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InvalidSilence(f"{path.name} cannot be read as YAML: {error}") from error
    if content is None:
        return Silences()
    if not isinstance(content, list):
        raise InvalidSilence(f"{path.name} must be a list of silences, each with {', '.join(_REQUIRED)}.")
    problems = [
        f"{path.name}: entry {number}: {problem}."
        for number, entry in enumerate(content, start=1)
        for problem in _problems(entry)
    ]
    if problems:
        raise InvalidSilence("\n".join(problems))
    return Silences(tuple(_silence(entry) for entry in content))


def _problems(entry: Any) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"`{entry}` is no silence: write {', '.join(_REQUIRED)}"]
    problems = [f"`{key}` is missing: add it" for key in _REQUIRED if not entry.get(key)]
    problems += [f"`{key}` is unknown: the keys are {', '.join(_KNOWN)}" for key in entry if key not in _KNOWN]
    problems += [
        f"`{key}` must be a text: put it in quotes"
        for key in ("series", "reason", "owner")
        if entry.get(key) and not isinstance(entry[key], str)
    ]
    problems += [
        f"`{key}: {entry[key]}` is no date: write it as 2026-12-26"
        for key in ("from", "until")
        if entry.get(key) and not _is_day(entry[key])
    ]
    if not problems and entry.get("from") and entry["from"] > entry["until"]:
        problems.append(f"it ends ({entry['until']}) before it begins ({entry['from']})")
    return problems


def _is_day(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _silence(entry: Mapping[str, Any]) -> Silence:
    return Silence(
        series=entry["series"],
        reason=entry["reason"],
        owner=entry["owner"],
        until=entry["until"],
        since=entry.get("from"),
    )
