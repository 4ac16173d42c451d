"""What a statement did, noted where it was done and worked into the record later.

Names are full: DATABASE.SCHEMA.NAME, DATABASE.SCHEMA or DATABASE.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Created:
    """A table, view, schema or database; without `replace` one that is there already stays."""

    kind: str
    name: str
    replace: bool = False
    is_transient: bool = False
    is_temporary: bool = False
    retention_days: int = 1
    clone_of: str | None = None
    definition: str | None = None


@dataclass(frozen=True)
class Dropped:
    """An object, with everything inside it."""

    name: str


@dataclass(frozen=True)
class Renamed:
    name: str
    new_name: str


@dataclass(frozen=True)
class Swapped:
    """Two tables took each other's name."""

    name: str
    other: str


@dataclass(frozen=True)
class Altered:
    """A change of definition: a column, a comment."""

    name: str


@dataclass(frozen=True)
class Changed:
    """Rows of one table."""

    name: str
    added: int = 0
    removed: int = 0
    updated: int = 0

    def plus(self, other: "Changed") -> "Changed":
        return Changed(self.name, self.added + other.added, self.removed + other.removed, self.updated + other.updated)


@dataclass(frozen=True)
class Loaded:
    """One file a COPY looked at; `result` is its row of what COPY answered."""

    name: str
    stage_location: str | None
    file_size: int | None
    result: Mapping[str, Any]


@dataclass(frozen=True)
class WarehouseChanged:
    """A warehouse's properties from now on; `previous_name` after a RENAME."""

    event: str
    name: str
    properties: Mapping[str, Any]
    previous_name: str | None = None


Definition = Created | Dropped | Renamed | Swapped | Altered
Change = Changed | Loaded
Fact = Definition | Change | WarehouseChanged
