"""What Airbyte should be, computed from the declarations and one environment's variables. Pure.

One source is one Airbyte source and one connection of the same name; all connections share one destination. Airflow
owns the clock, so every connection is `manual`: a schedule in Airbyte would answer our syncs with 409.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from include.settings.environment import Environment
from include.sources import declaration, references
from include.sources.model import Connector, Source, Stream

DESTINATION = "snowflake"
DESTINATION_FILE = Path(__file__).with_name("destination.yml")


class Kind(StrEnum):
    """The kinds of objects we keep in Airbyte, in the order they need each other."""

    SOURCE = "source"
    DESTINATION = "destination"
    CONNECTION = "connection"

    @property
    def path(self) -> str:
        return f"/{self}s"

    @property
    def id_key(self) -> str:
        return f"{self}Id"

    @property
    def type_key(self) -> str:
        return f"{self}Type"


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A source or destination. `secrets` has its secret values by dotted path and is never printed."""

    kind: Kind
    name: str
    definition: str
    configuration: Mapping[str, Any]
    secrets: Mapping[str, str] = field(repr=False)

    def whole_configuration(self) -> dict[str, Any]:
        """The configuration as Airbyte wants it: with secrets and the connector's type."""
        whole: dict[str, Any] = copy.deepcopy({**self.configuration, self.kind.type_key: self.definition})
        for path, value in self.secrets.items():
            *parents, key = path.split(".")
            place = whole
            for parent in parents:
                place = place.setdefault(parent, {})
            place[key] = value
        return whole


@dataclass(frozen=True, kw_only=True)
class Connection:
    """The way of one source's streams into its raw schema. `settings` are the API's own keys, streams by name apart."""

    name: str
    source: str
    destination: str
    settings: Mapping[str, Any]
    streams: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Desired:
    """Everything Airbyte should have."""

    actors: tuple[Actor, ...]
    connections: tuple[Connection, ...]

    def names(self, kind: Kind) -> frozenset[str]:
        if kind is Kind.CONNECTION:
            return frozenset(connection.name for connection in self.connections)
        return frozenset(actor.name for actor in self.actors if actor.kind is kind)


def desired(sources: Iterable[Source], environment: Environment, destination_file: Path = DESTINATION_FILE) -> Desired:
    """Raises MissingVariable and DeclarationError."""
    sources = tuple(sources)
    destination = declaration.read(destination_file, Connector)
    actors = [_actor(Kind.SOURCE, source.name, source.connector, environment) for source in sources]
    actors.append(_actor(Kind.DESTINATION, DESTINATION, destination, environment))
    return Desired(actors=tuple(actors), connections=tuple(_connection(source) for source in sources))


def _actor(kind: Kind, name: str, connector: Connector, environment: Environment) -> Actor:
    secrets = {path: references.resolve_text(value, environment) for path, value in connector.secrets.items()}
    return Actor(
        kind=kind,
        name=name,
        definition=connector.definition,
        configuration=references.resolve(connector.configuration, environment),
        secrets={path: value for path, value in secrets.items() if value},
    )


def _connection(source: Source) -> Connection:
    return Connection(
        name=source.name,
        source=source.name,
        destination=DESTINATION,
        settings={
            "status": "active",
            "schedule": {"scheduleType": "manual"},
            "namespaceDefinition": "custom_format",
            "namespaceFormat": source.name,
            "prefix": "",
            # A column added at the source arrives by itself; one that is removed stays and is filled no more.
            "nonBreakingSchemaUpdatesBehavior": "propagate_columns",
        },
        streams={name: _stream(stream) for name, stream in source.streams.items()},
    )


def _stream(stream: Stream) -> dict[str, Any]:
    configured: dict[str, Any] = {"syncMode": stream.sync_mode.value}
    if stream.cursor:
        configured["cursorField"] = [stream.cursor]
    if stream.primary_key:
        configured["primaryKey"] = [[column] for column in stream.primary_key]
    return configured
