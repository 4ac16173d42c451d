"""Turns the names in a statement into rows of `accesses`, with the objects of that moment."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from local.warehouse.names import Place

from . import accesses
from .catalog import Catalog, Version, merged

Columns = frozenset[str] | None
Describe = Callable[[str], tuple[str, ...] | None]


@dataclass(frozen=True)
class Reads:
    """What one statement reads: as written, and the tables that are under it."""

    direct: dict[str, Columns]
    base: dict[str, Columns]
    target: str | None
    target_columns: tuple[str, ...] | None


class Reader:
    """Reads statements with the catalog's knowledge; `describe` gives the columns of an object that exists."""

    def __init__(self, catalog: Catalog, describe: Describe):
        self._catalog = catalog
        self._describe = describe

    def columns_of(self, version: Version) -> tuple[str, ...] | None:
        if version.columns is None:
            version.columns = self._describe(version.name)
        return version.columns

    def direct(self, words: str, place: Place) -> dict[str, Columns]:
        """The objects a statement or a view's definition names, by full name."""
        text = accesses.text_of(words)
        named = accesses.named(text, place)
        versions = [version for name in named.sources if (version := self._catalog.find(name))]
        if not versions:
            return {}
        known = tuple((v.name, found) for v in versions if (found := self.columns_of(v)) is not None)
        columns = accesses.columns(text, place, known) if len(known) == len(named.sources) else None
        return {v.name: (columns or {}).get(v.name) for v in versions}

    def reads(self, words: str, place: Place) -> Reads:
        named = accesses.named(accesses.text_of(words), place)
        direct = self.direct(words, place)
        base: dict[str, Columns] = {}
        for name, columns in direct.items():
            version = self._catalog.find(name)
            under = self._catalog.base(name) if version and version.kind == "VIEW" else {name: columns}
            for table, its_columns in under.items():
                base[table] = merged(base[table], its_columns) if table in base else its_columns
        return Reads(direct, base, named.target, named.target_columns)

    def scanned(self, reads: Reads) -> dict[str, int]:
        """Of `queries`: how much there is in the tables that were read."""
        tables = [version for name in reads.base if (version := self._catalog.find(name))]
        partitions = sum(table.partitions for table in tables)
        return {
            "bytes_scanned": sum(table.bytes or 0 for table in tables),
            "partitions_scanned": partitions,
            "partitions_total": partitions,
        }

    def rows(self, reads: Reads) -> Iterable[dict[str, Any]]:
        """Rows of `accesses`, without the statement."""
        for role, found in (("direct", reads.direct), ("base", reads.base)):
            for name, columns in found.items():
                yield self._row(role, name, None if columns is None else sorted(columns))

    def modified(self, reads: Reads) -> Iterable[dict[str, Any]]:
        """The same of what was written, once it has been."""
        target = self._catalog.find(reads.target) if reads.target else None
        if target:
            columns = self.columns_of(target) if reads.target_columns is None else reads.target_columns
            yield self._row("modified", target.name, None if columns is None else list(columns))

    def _row(self, role: str, name: str, columns: list[str] | None) -> dict[str, Any]:
        version = self._catalog.find(name)
        return {
            "access_role": role,
            "object_domain": (version.kind if version else "TABLE").capitalize(),
            "object_id": version.object_id if version else None,
            "object_name": name,
            "columns": columns,
        }
