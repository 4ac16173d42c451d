"""The small language the block tables are written in.

Each rule yields Slack's own sentences, with the JSON pointer to what is wrong: a renderer is debugged with them, so
they have to read here as they do in production.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Rule(Protocol):
    """Something a value has to satisfy."""

    def errors(self, value: Any, at: str) -> Iterator[str]:
        """The sentences about `value`, which sits at JSON pointer `at`."""
        ...


def complaint(sentence: str, at: str) -> str:
    """One of Slack's error sentences."""
    return f"{sentence} [json-pointer:{at}]"


@dataclass(frozen=True)
class String:
    """A text of `least` to `most` characters."""

    most: int | None = None
    least: int = 1

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield complaint("must provide a string", at)
        elif len(value) < self.least:
            yield complaint(f"must be more than {self.least - 1} characters", at)
        elif self.most is not None and len(value) > self.most:
            yield complaint(f"must be less than {self.most + 1} characters", at)


@dataclass(frozen=True)
class Url:
    """An absolute web address; `mailto:`, `tel:` and Slack's own scheme count."""

    most: int = 3000
    _SCHEMES = ("http://", "https://", "mailto:", "tel:", "slack://")

    def errors(self, value: Any, at: str) -> Iterator[str]:
        yield from (found := list(String(self.most).errors(value, at)))
        if not found and not value.lower().startswith(self._SCHEMES):
            yield complaint("must be a valid url", at)


@dataclass(frozen=True)
class Choice:
    """One of a few words or numbers."""

    values: tuple[Any, ...]

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or value not in self.values:
            yield complaint("must be a valid enum value", at)


@dataclass(frozen=True)
class Number:
    """A number, at least `least`."""

    least: float | None = None

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield complaint("must provide a number", at)
        elif self.least is not None and value < self.least:
            yield complaint(f"must be greater than or equal to {self.least:g}", at)


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, bool):
            yield complaint("must provide a boolean", at)


@dataclass(frozen=True)
class Anything:
    """Accepted unseen."""

    def errors(self, value: Any, at: str) -> Iterator[str]:
        return iter(())


@dataclass(frozen=True)
class Nullable:
    """Null, or what `rule` asks for."""

    rule: Rule

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if value is not None:
            yield from self.rule.errors(value, at)


@dataclass(frozen=True)
class Items:
    """A list of `least` to `most` things."""

    of: Rule
    most: int | None = None
    least: int = 1

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield complaint("must provide an array", at)
            return
        if len(value) < self.least:
            yield complaint(f"no fewer than {self.least} items allowed", at)
        if self.most is not None and len(value) > self.most:
            yield complaint(f"no more than {self.most} items allowed", at)
        for index, item in enumerate(value):
            yield from self.of.errors(item, f"{at}/{index}")


@dataclass(frozen=True)
class Fields:
    """An object. `any_of` names fields of which one at least must be there; `open` lets unknown ones pass."""

    required: Mapping[str, Rule] = field(default_factory=dict)
    optional: Mapping[str, Rule] = field(default_factory=dict)
    any_of: tuple[str, ...] = ()
    open: bool = False

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield complaint("must provide an object", at)
            return
        missing = [name for name in self.required if name not in value]
        if self.any_of and not any(name in value for name in self.any_of):
            missing.append(self.any_of[0])
        yield from (complaint(f"missing required field: {name}", at) for name in missing)
        known = {**self.optional, **self.required}
        for name, item in value.items():
            if name in known:
                yield from known[name].errors(item, f"{at}/{name}")
            elif name != "type" and not self.open:
                yield complaint(f"invalid additional property: {name}", at)


@dataclass(frozen=True)
class ByType:
    """An object whose `type` says which rule it follows."""

    kinds: Mapping[str, Rule]

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield complaint("must provide an object", at)
        elif "type" not in value:
            yield complaint("missing required field: type", at)
        elif not isinstance(value["type"], str) or value["type"] not in self.kinds:
            yield complaint(f"unsupported type: {value['type']}", f"{at}/type")
        else:
            yield from self.kinds[value["type"]].errors(value, at)


@dataclass(frozen=True)
class Union:
    """As `ByType`; Slack says first that no alternative fits, then why."""

    kinds: Mapping[str, Rule]

    def errors(self, value: Any, at: str) -> Iterator[str]:
        if found := list(ByType(self.kinds).errors(value, at)):
            yield complaint("failed to match all allowed schemas", at)
            yield from found


@dataclass(frozen=True)
class Unique:
    """A list of objects in which no two share the value of `name`."""

    rule: Rule
    name: str

    def errors(self, value: Any, at: str) -> Iterator[str]:
        yield from self.rule.errors(value, at)
        seen: set[str] = set()
        for index, item in enumerate(value if isinstance(value, list) else ()):
            given = item.get(self.name) if isinstance(item, dict) else None
            if isinstance(given, str):
                if given in seen:
                    yield complaint(f'`{self.name}` "{given}" already exists', f"{at}/{index}/{self.name}")
                seen.add(given)
