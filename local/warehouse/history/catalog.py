"""Which object bears which name, and since when.

Facts are applied in the order in which they happened, so that what a statement read can be named with the versions of
its own moment, though it is worked out a little later. What the record knew at the last stop is compared with what
DuckDB holds at the start: a kill may have lost the last facts, and databases may be older than their record.
"""

import datetime
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .facts import Altered, Changed, Created, Definition, Dropped, Renamed, Swapped
from .identities import next_identity

RELATIONS = ("TABLE", "VIEW")
# Rows of a DuckDB row group, its nearest thing to a micro-partition.
PARTITION_ROWS = 122_880


@dataclass(frozen=True)
class Cause:
    """Who did it, when, by which statement."""

    at: datetime.datetime
    user: str | None = None
    role: str | None = None
    query_id: str | None = None
    session_id: int | None = None


@dataclass
class Version:
    """One object from its creation to its end."""

    object_id: int
    kind: str
    name: str
    owner: str | None
    created: datetime.datetime
    created_by: str | None
    last_altered: datetime.datetime
    last_ddl: datetime.datetime
    last_ddl_by: str | None
    deleted: datetime.datetime | None = None
    is_transient: bool = False
    is_temporary: bool = False
    retention_days: int = 1
    clone_of: int | None = None
    definition: str | None = None
    row_count: int | None = None
    bytes: int | None = None
    # Of a table, once asked for; of a view, the columns it reads by the names of what it reads.
    columns: tuple[str, ...] | None = field(default=None, repr=False)
    reads: dict[str, frozenset[str] | None] | None = field(default=None, repr=False)

    @property
    def partitions(self) -> int:
        return math.ceil((self.row_count or 0) / PARTITION_ROWS)

    def row(self) -> dict[str, Any]:
        """A row of `objects`."""
        parts = self.name.split(".", 2)
        kept = {key: value for key, value in vars(self).items() if key not in {"columns", "reads"}}
        schema = parts[1] if len(parts) > 1 else None
        return kept | {"database_name": parts[0], "schema_name": schema, "name": parts[-1]}


class Catalog:
    """The objects that exist, by full name; `changed` collects the versions that have to be written."""

    def __init__(self) -> None:
        self._current: dict[str, Version] = {}
        self.changed: dict[int, Version] = {}

    def __iter__(self) -> Iterator[Version]:
        return iter(list(self._current.values()))

    def load(self, versions: Iterable[Version]) -> None:
        for version in versions:
            self._current[version.name.upper()] = version

    def find(self, name: str) -> Version | None:
        return self._current.get(name.upper())

    def apply(self, fact: Definition | Changed, cause: Cause) -> None:
        match fact:
            case Created():
                self._create(fact, cause)
            case Dropped():
                self._drop(fact.name, cause)
            case Renamed():
                if version := self._current.pop(fact.name.upper(), None):
                    self._put(version, fact.new_name, cause)
            case Swapped():
                one, two = self._current.pop(fact.name.upper(), None), self._current.pop(fact.other.upper(), None)
                if one and two:
                    self._put(one, fact.other, cause)
                    self._put(two, fact.name, cause)
            case Altered():
                if version := self.find(fact.name):
                    self._put(version, version.name, cause)
            case Changed():
                self._count(fact, cause)

    def _create(self, fact: Created, cause: Cause) -> None:
        if self.find(fact.name):
            if not fact.replace:
                return
            self._drop(fact.name, cause)
        source = self.find(fact.clone_of) if fact.clone_of else None
        version = Version(
            next_identity(),
            fact.kind,
            fact.name,
            cause.role,
            created=cause.at,
            created_by=cause.query_id,
            last_altered=cause.at,
            last_ddl=cause.at,
            last_ddl_by=cause.user,
            is_transient=fact.is_transient,
            is_temporary=fact.is_temporary,
            retention_days=fact.retention_days,
            clone_of=source.object_id if source else None,
            definition=fact.definition,
            row_count=0 if fact.kind == "TABLE" else None,
            bytes=0 if fact.kind == "TABLE" else None,
        )
        self._current[fact.name.upper()] = version
        self.changed[version.object_id] = version

    def _drop(self, name: str, cause: Cause) -> None:
        version = self.find(name)
        gone = [version] if version else []
        if version is None or version.kind not in RELATIONS:
            inside = f"{name.upper()}."
            gone += [other for key, other in self._current.items() if key.startswith(inside)]
        for version in gone:
            del self._current[version.name.upper()]
            version.deleted = cause.at
            self.changed[version.object_id] = version

    def _put(self, version: Version, name: str, cause: Cause) -> None:
        version.name = name
        version.columns = None
        version.last_ddl = version.last_altered = cause.at
        version.last_ddl_by = cause.user
        self._current[name.upper()] = version
        self.changed[version.object_id] = version

    def _count(self, fact: Changed, cause: Cause) -> None:
        if version := self.find(fact.name):
            version.last_altered = cause.at
            version.row_count = max(0, (version.row_count or 0) + fact.added - fact.removed)
            self.changed[version.object_id] = version

    def measured(self, version: Version, rows: int, size: int) -> bool:
        """Whether that is news."""
        if (version.row_count, version.bytes) == (rows, size):
            return False
        version.row_count, version.bytes = rows, size
        self.changed[version.object_id] = version
        return True

    def base(self, name: str) -> dict[str, frozenset[str] | None]:
        """The tables under a view, at any depth, with the columns that are read of each (None: not known)."""
        found: dict[str, frozenset[str] | None] = {}
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            view = self.find(waiting.pop())
            if view is None or view.name in seen:
                continue
            seen.add(view.name)
            for read, columns in (view.reads or {}).items():
                under = self.find(read)
                if under and under.kind == "VIEW":
                    waiting.append(read)
                elif under:
                    found[under.name] = merged(found.get(under.name, frozenset()), columns)
        return found


def merged(one: frozenset[str] | None, other: frozenset[str] | None) -> frozenset[str] | None:
    """The columns of two reads of one object; what is not known of one is not known of both."""
    return None if one is None or other is None else one | other
