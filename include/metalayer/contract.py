"""What Snowflake documents about its own views: names, types, age, edition and who may read them.

One file of `contract/<schema>/` is one view or table function, written from the page of Snowflake's documentation it
names. The queries may use nothing else and the local warehouse serves exactly that, so a query that runs on one side
runs on the other. `NUMBER`, `VARCHAR` and `TIMESTAMP_LTZ` without digits mean Snowflake's defaults, as in a CREATE
TABLE; credits are `NUMBER(38,9)`, which the documentation calls NUMBER. Pure, and without the platform's libraries: the
local warehouse reads it too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

CONTRACT = Path(__file__).parent / "contract"
EDITIONS = ("standard", "enterprise")
TYPES = re.compile(
    r"NUMBER(\(\d+,\d+\))?|VARCHAR|FLOAT|BOOLEAN|DATE|TIMESTAMP_LTZ(\(\d\))?|ARRAY|OBJECT|VARIANT",
)


class ContractError(ValueError):
    """A contract file cannot be used; the message names the file, the key and what to write."""


@dataclass(frozen=True)
class View:
    """One view of ACCOUNT_USAGE, or one table function of INFORMATION_SCHEMA when it has `arguments`.

    `latency_minutes` is the most that Snowflake promises, 0 is real time. Any one of `database_roles` is enough; there
    are none for a table function. `retention_days` is None for views that list objects. `columns` are in the documented
    order, name to type; `words` holds the closed vocabularies by column.
    """

    view: str
    source: str
    latency_minutes: int
    edition: str
    database_roles: tuple[str, ...]
    retention_days: int | None
    columns: Mapping[str, str]
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()

    @property
    def schema(self) -> str:
        return self.view.partition(".")[0]

    @property
    def name(self) -> str:
        return self.view.partition(".")[2]


def load(folder: Path = CONTRACT) -> Mapping[str, View]:
    """Every view by `SCHEMA.NAME`, in the order of the names. Raises ContractError."""
    views = (read(path) for path in sorted(folder.glob("*/*.yml")))
    return MappingProxyType({view.view: view for view in views})


def read(path: Path) -> View:
    """The view of one file. Raises ContractError."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        view = _view(content)
    except (TypeError, KeyError, AttributeError) as error:
        raise ContractError(
            f"{path.name}: a key is missing, unknown or of the wrong kind ({error}): correct it."
        ) from error
    if problem := _problem(view, path):
        raise ContractError(f"{path.name}: {problem}.")
    return view


def _view(content: dict[str, Any]) -> View:
    words = {column: tuple(values) for column, values in content.get("words", {}).items()}
    return View(
        **{
            **content,
            "database_roles": tuple(content["database_roles"]),
            "columns": MappingProxyType(dict(content["columns"])),
            "words": MappingProxyType(words),
            "arguments": tuple(content.get("arguments", ())),
        }
    )


def _problem(view: View, path: Path) -> str | None:
    if view.view != f"{path.parent.name}.{path.stem}".upper():
        return f"view: {view.view} must be named as its folder and file"
    if view.edition not in EDITIONS:
        return f"edition: {view.edition} must be one of {', '.join(EDITIONS)}"
    for column, kind in view.columns.items():
        if not TYPES.fullmatch(str(kind)):
            return f"columns.{column}: {kind} is no type of these views: write one as Snowflake documents it"
    if unknown := sorted(set(view.words) - set(view.columns)):
        return f"words.{unknown[0]}: there is no such column: correct the name"
    return None
