"""The keep-list: what nobody uses and is meant to stay all the same, each with a reason, an owner and an end.

Without it, the table that is read once a year would be proposed for removal every week, until nobody reads the
proposals. With a list that never ends, a forgotten table would be hidden for good. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from itertools import accumulate
from pathlib import Path

from include.metalayer.answer import Answer, Kept, Row
from include.metalayer.query import Query, Unit
from include.settings import waivers
from include.settings.waivers import Waiver, Waivers

FILE = Path(__file__).parent / "keep.yml"
# The questions whose rows are a proposal to remove something.
HONOURED_BY = ("unused_", "written_never_read")


@dataclass(frozen=True)
class Keep(Waiver):
    """`names` is the full name of an object, or a pattern; Snowflake's names are compared whatever their case."""

    def __str__(self) -> str:
        return f"Kept {super().__str__()}"

    def covers(self, name: str, today: date) -> bool:
        """Whether it is in force for the name today."""
        return self.is_active(today) and fnmatchcase(name.upper(), self.names.upper())


Keeps = Waivers[Keep]


def read(path: Path = FILE) -> Keeps:
    """The entries of a keep-list. Raises InvalidWaiver with all that is wrong in it."""
    return waivers.read(path, Keep, key="name", noun="entry")


def is_honoured_by(query: Query) -> bool:
    """Whether the question's rows are a proposal to remove something."""
    return query.name.startswith(HONOURED_BY)


def applied(query: Query, answer: Answer, keeps: Keeps, today: date) -> Answer:
    """The answer with the rows that somebody keeps set apart, each with the reason."""
    if not is_honoured_by(query):
        return answer
    rows: list[Row] = []
    kept: list[Kept] = []
    for row in answer.rows:
        entry = next(filter(None, (keeps.of(name, today) for name in _names(query, row))), None)
        if entry is None:
            rows.append(row)
        else:
            kept.append(Kept(row, entry.reason, entry.owner, entry.until))
    return replace(answer, rows=tuple(rows), kept=(*answer.kept, *kept))


def _names(query: Query, row: Row) -> list[str]:
    """The names a row goes by: its identifying names joined by dots, and each beginning of that, longest first."""
    names = {column.name for column in query.columns if column.unit is Unit.NAME}
    parts = [str(row[key]) for key in query.key if key in names and row[key] is not None]
    return list(accumulate(parts, "{}.{}".format))[::-1]
