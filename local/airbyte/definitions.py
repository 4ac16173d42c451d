"""Connector definitions: what can be configured, how it is checked, and how it is run.

One file in `definitions/` is one connector; dropping a file there registers it. The ids are those of the real
registry, so that a configuration made here names the same connector in production.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from local.airbyte.models import ActorKind, Json
from local.airbyte.settings import ROOT, Settings

FOLDER = Path(__file__).with_name("definitions")
MASK = "**********"


class InvalidConfiguration(Exception):
    """A configuration its connector's specification refuses; the message names the field."""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A connector. `command` is the argv before the protocol's own verb and flags; empty for a destination."""

    id: str
    kind: ActorKind
    name: str
    type: str
    docker_repository: str
    docker_image_tag: str
    documentation_url: str
    specification: Json
    command: tuple[str, ...] = ()
    manifest: Path | None = None

    @property
    def forked(self) -> bool:
        """Low-code connectors share one program, which the fork server keeps warm."""
        return self.manifest is not None

    def argv(self, verb: str, settings: Settings) -> list[str]:
        """The connector's command line for a verb of the protocol."""
        places = {"python": settings.python, "declarative": settings.declarative}
        argv = [part.format_map(places) for part in self.command]
        tail = ["--manifest-path", str(self.manifest)] if self.manifest and verb != "spec" else []
        return [*argv, verb, *tail]

    def validate(self, configuration: Json) -> None:
        """Raise InvalidConfiguration when the specification refuses the configuration."""
        schema = jsonschema.Draft7Validator(self.specification)
        for error in schema.iter_errors(configuration):
            where = ".".join(str(part) for part in error.absolute_path) or "configuration"
            # The library's own message prints the value, which may be a secret.
            says = error.message if error.validator == "required" else f"does not satisfy `{error.validator}`"
            raise InvalidConfiguration(f"{self.name}: {where}: {says}")

    def masked(self, configuration: Json) -> Json:
        """The configuration with its secrets hidden, as the API returns it."""
        hidden = copy.deepcopy(configuration)
        _walk(self.specification, hidden, None)
        return hidden

    def unmasked(self, configuration: Json, previous: Json) -> Json:
        """The configuration with masked secrets put back from the one before."""
        whole = copy.deepcopy(configuration)
        _walk(self.specification, whole, previous)
        return whole


def _branches(schema: Json) -> list[Json]:
    return [schema, *schema.get("oneOf", []), *schema.get("anyOf", [])]


def _walk(schema: Json, value: Any, previous: Any) -> None:
    """Mask the secrets in `value`, or, given the previous configuration, put back those that are masked."""
    if not isinstance(value, dict):
        return
    for branch in _branches(schema):
        for key, child in branch.get("properties", {}).items():
            if key not in value:
                continue
            before = previous.get(key) if isinstance(previous, dict) else None
            if not child.get("airbyte_secret"):
                _walk(child, value[key], before)
            elif previous is None:
                value[key] = MASK
            elif value[key] == MASK and before is not None:
                value[key] = before


def _load(path: Path) -> Definition:
    body = yaml.safe_load(path.read_text())
    manifest = ROOT / body["manifest"] if "manifest" in body else None
    if manifest:
        specification = yaml.safe_load(manifest.read_text())["spec"]["connection_specification"]
    else:
        specification = yaml.safe_load((ROOT / body["specification"]).read_text())["connectionSpecification"]
    return Definition(
        id=body["id"],
        kind=ActorKind(body["kind"]),
        name=body["name"],
        type=path.stem,
        docker_repository=body["dockerRepository"],
        docker_image_tag=body["dockerImageTag"],
        documentation_url=body["documentationUrl"],
        specification=specification,
        command=tuple(body.get("command", ())),
        manifest=manifest,
    )


@cache
def load_all() -> tuple[Definition, ...]:
    """Every definition, by name."""
    return tuple(sorted((_load(path) for path in FOLDER.glob("*.yaml")), key=lambda definition: definition.name))


def by_id(definition_id: str) -> Definition | None:
    return next((found for found in load_all() if found.id == definition_id), None)


def by_type(kind: ActorKind, type_name: str) -> Definition | None:
    return next((found for found in load_all() if (found.kind, found.type) == (kind, type_name)), None)
