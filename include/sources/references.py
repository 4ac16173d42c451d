"""References to environment variables inside a declaration: `${NAME}` and `${NAME:-default}`.

A declaration is the same file in every environment and is read by everyone, so addresses and secrets stand in it by
name only. They get their values when Airbyte is provisioned and never before: parsing a DAG needs no secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from include.settings.environment import Environment

_REFERENCE = re.compile(r"\$\{(?P<name>[A-Z][A-Z0-9_]*)(?P<optional>:-(?P<default>[^}]*))?\}")


def is_reference(value: object) -> bool:
    """Whether the value is one reference and nothing else."""
    return isinstance(value, str) and _REFERENCE.fullmatch(value) is not None


def unreadable(value: object) -> Iterator[str]:
    """Every text in the value that has a `$` + `{` which is no reference, such as a lower-case name."""
    for text in _texts(value):
        if "${" in _REFERENCE.sub("", text):
            yield text


def variables(value: object) -> frozenset[str]:
    """The names of all variables the value refers to."""
    return frozenset(match["name"] for text in _texts(value) for match in _REFERENCE.finditer(text))


def resolve(value: Any, environment: Environment) -> Any:
    """The value with every reference replaced.

    A key whose whole value is an optional reference (`${NAME:-}`) that resolves to nothing is left out, so that an
    extra which exists in one environment only needs no second file. A whole value made of digits becomes a number,
    as connectors ask for ports.

    Raises MissingVariable for a variable without default that is not set.
    """
    if isinstance(value, Mapping):
        resolved = {key: resolve(item, environment) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if not (item == "" and is_reference(value[key]))}
    if isinstance(value, list | tuple):
        return [resolve(item, environment) for item in value]
    if not isinstance(value, str):
        return value
    text = resolve_text(value, environment)
    return int(text) if is_reference(value) and text.isdecimal() else text


def resolve_text(value: str, environment: Environment) -> str:
    """The text with every reference replaced; digits stay text (a password may be all digits)."""
    return _REFERENCE.sub(lambda match: _look_up(match, environment), value)


def _look_up(match: re.Match[str], environment: Environment) -> str:
    if match["optional"] is None:
        return environment.require(match["name"])
    return environment.get(match["name"], match["default"])


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
