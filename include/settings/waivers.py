"""Declared exceptions in YAML: names that a rule leaves out for a while, each with a reason, an owner and an end.

An exception without an end is a rule switched off that everybody believes to be on. One that has run out no longer
counts, and is named until somebody removes it. The firehose's silences and the meta layer's keep-list are such files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Generic, TypeVar

import yaml

_SHARED = ("reason", "owner", "until")


class InvalidWaiver(ValueError):
    """A file of exceptions cannot be used; the message names each wrong entry and what to write."""


@dataclass(frozen=True)
class Waiver:
    """`names` is a name or a pattern as of file names; `since` and `until` are whole days, both included."""

    names: str
    reason: str
    owner: str
    until: date
    since: date | None = None

    def __str__(self) -> str:
        """What a message says of it, after a verb."""
        return f"until {self.until.isoformat()} by {self.owner}: {self.reason}"

    def covers(self, name: str, today: date) -> bool:
        """Whether it is in force for the name today."""
        return self.is_active(today) and fnmatchcase(name, self.names)

    def is_active(self, today: date) -> bool:
        """Whether it is in force today."""
        return (self.since is None or self.since <= today) and today <= self.until


Entry = TypeVar("Entry", bound=Waiver)


@dataclass(frozen=True)
class Waivers(Generic[Entry]):
    """All entries of one file."""

    declared: tuple[Entry, ...] = ()

    def of(self, name: str, today: date) -> Entry | None:
        """The entry that is in force for a name; the longest, when there are several."""
        covering = [entry for entry in self.declared if entry.covers(name, today)]
        return max(covering, key=lambda entry: entry.until, default=None)

    def active(self, today: date) -> tuple[Entry, ...]:
        """Those that are in force."""
        return tuple(entry for entry in self.declared if entry.is_active(today))

    def expired(self, today: date) -> tuple[Entry, ...]:
        """Those that have run out and still stand in the file."""
        return tuple(entry for entry in self.declared if entry.until < today)

    def expired_lines(self, today: date) -> list[str]:
        """What is said of those that have run out."""
        return [f"{entry.names} ({entry.owner}, until {entry.until.isoformat()})" for entry in self.expired(today)]


def read(path: Path, make: type[Entry], *, key: str, noun: str) -> Waivers[Entry]:
    """The entries of a file: `key` is what it calls the names, `noun` what it calls an entry.

    Raises InvalidWaiver with all that is wrong in it.
    """
    required = (key, *_SHARED)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        # ValueError: bytes that are no UTF-8, and days that no month has.
        raise InvalidWaiver(f"{path.name} cannot be read as YAML: {error}") from error
    if content is None:
        return Waivers()
    if not isinstance(content, list):
        raise InvalidWaiver(f"{path.name} must be a list, each entry with {', '.join(required)}.")
    problems = [
        f"{path.name}: entry {number}: {problem}."
        for number, entry in enumerate(content, start=1)
        for problem in _problems(entry, required, noun)
    ]
    if problems:
        raise InvalidWaiver("\n".join(problems))
    return Waivers(
        tuple(
            make(entry[key], entry["reason"], entry["owner"], entry["until"], entry.get("from") or None)
            for entry in content
        )
    )


def _problems(entry: Any, required: tuple[str, ...], noun: str) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"`{entry}` is no {noun}: write {', '.join(required)}"]
    known = (*required, "from")
    problems = [f"`{key}` is missing: add it" for key in required if not entry.get(key)]
    problems += [f"`{key}` is unknown: the keys are {', '.join(known)}" for key in entry if key not in known]
    problems += [
        f"`{key}` must be a text: put it in quotes"
        for key in (required[0], "reason", "owner")
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
