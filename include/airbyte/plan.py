"""The difference between what Airbyte should be and what it is, as data. Pure.

Identity is (kind, name). Airbyte allows a name twice and then nobody can say which of the two is ours, so duplicates
are refused. Compared is what a declaration says, after removing what the server adds by itself: without that, the
second run would find differences for ever (the long story of Airbyte's Terraform provider).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from include.airbyte.desired import Actor, Connection, Desired, Kind

Json = Mapping[str, Any]
SecretsToSend = Callable[[str, Actor], Iterable[str]]


class PlanError(Exception):
    """Airbyte is in a state that cannot be changed into the declared one without a person."""


class Verb(StrEnum):
    """What happens to an object."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One request to make. `why` has no secret; `body` may, and is never printed.

    The body of a new connection has no ids yet: `source` and `destination` name what it joins.
    """

    verb: Verb
    kind: Kind
    name: str
    id: str = ""
    why: tuple[str, ...] = ()
    body: Json = field(default_factory=dict, repr=False)
    actor: Actor | None = field(default=None, repr=False)
    connection: Connection | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.verb} {self.kind} {self.name}" + (f": {'; '.join(self.why)}" if self.why else "")


@dataclass(frozen=True)
class Actual:
    """What Airbyte has: the API's objects by kind and name."""

    objects: Mapping[Kind, Mapping[str, Json]]

    @classmethod
    def of(cls, found: Mapping[Kind, Iterable[Json]]) -> Actual:
        """Raises PlanError for a name that stands for two objects."""
        return cls({kind: _by_name(kind, objects) for kind, objects in found.items()})

    def get(self, kind: Kind, name: str) -> Json | None:
        return self.objects[kind].get(name)

    def undeclared(self, wanted: Desired) -> tuple[Change, ...]:
        """Deletions of what no declaration mentions, connections before what they join."""
        return tuple(
            Change(verb=Verb.DELETE, kind=kind, name=name, id=item[kind.id_key], why=("not declared",))
            for kind in reversed(Kind)
            for name, item in sorted(self.objects[kind].items())
            if name not in wanted.names(kind)
        )


def plan(wanted: Desired, actual: Actual, secrets_to_send: SecretsToSend) -> tuple[Change, ...]:
    """The changes that make Airbyte equal to the declarations, in the order to make them; nothing is deleted.

    `secrets_to_send(id, actor)` answers which of an existing actor's secrets differ: Airbyte shows none.

    Raises PlanError for an object that has to be deleted by a person first.
    """
    changes = [_actor_change(actor, actual.get(actor.kind, actor.name), secrets_to_send) for actor in wanted.actors]
    changes += [_connection_change(connection, actual) for connection in wanted.connections]
    return tuple(change for change in changes if change is not None)


def _by_name(kind: Kind, objects: Iterable[Json]) -> dict[str, Json]:
    named: dict[str, Json] = {}
    for item in objects:
        name = item["name"]
        if name in named:
            ids = f"{named[name][kind.id_key]} and {item[kind.id_key]}"
            raise PlanError(f"Airbyte has two {kind}s named `{name}` ({ids}): delete or rename the one not ours.")
        named[name] = item
    return named


def _actor_change(actor: Actor, found: Json | None, secrets_to_send: SecretsToSend) -> Change | None:
    whole = actor.whole_configuration()
    create = Change(
        verb=Verb.CREATE,
        kind=actor.kind,
        name=actor.name,
        body={"name": actor.name, "configuration": whole},
        actor=actor,
    )
    if found is None:
        return create
    if found[actor.kind.type_key] != actor.definition:
        raise PlanError(
            f"The {actor.kind} `{actor.name}` is a {found[actor.kind.type_key]} in Airbyte and a {actor.definition} in "
            "its declaration, and Airbyte cannot change that: delete it there and provision again."
        )
    identity = found[actor.kind.id_key]
    changed, extra, why = _compare(actor, found["configuration"], secrets_to_send(identity, actor))
    if extra:
        # PATCH merges, so only a whole new configuration takes keys away.
        return replace(create, verb=Verb.REPLACE, id=identity, why=why)
    if changed:
        keys = {path.partition(".")[0] for path in changed} | {actor.kind.type_key}
        body = {"configuration": {key: whole[key] for key in whole if key in keys}}
        return replace(create, verb=Verb.UPDATE, id=identity, why=why, body=body)
    return None


def _compare(actor: Actor, configuration: Json, to_send: Iterable[str]) -> tuple[set[str], set[str], tuple[str, ...]]:
    """Paths to change, paths to take away, and the reasons. Secrets come masked, so their values say nothing."""
    wants = _leaves(actor.configuration)
    has = {path: value for path, value in _leaves(configuration).items() if path != actor.kind.type_key}
    differing = {path for path, value in wants.items() if has.get(path) != value}
    secrets = {*to_send, *(actor.secrets.keys() - has.keys())}
    extra = has.keys() - wants.keys() - actor.secrets.keys()
    why = [f"{path} is {_plain(wants[path])}, was {_plain(has.get(path))}" for path in sorted(differing)]
    why += [f"{path} is a new secret" for path in sorted(secrets)]
    why += [f"{path} is not declared" for path in sorted(extra)]
    return differing | secrets, extra, tuple(why)


def _connection_change(connection: Connection, actual: Actual) -> Change | None:
    streams = {"streams": [{"name": name, **stream} for name, stream in sorted(connection.streams.items())]}
    create = Change(
        verb=Verb.CREATE,
        kind=Kind.CONNECTION,
        name=connection.name,
        body={"name": connection.name, **connection.settings, "configurations": streams},
        connection=connection,
    )
    found = actual.get(Kind.CONNECTION, connection.name)
    if found is None:
        return create
    _check_ends(connection, found, actual)
    has = {**found, "prefix": found.get("prefix") or "", "schedule": _schedule(found)}
    body = {key: value for key, value in connection.settings.items() if has.get(key) != value}
    why = [f"{key} is {_plain(value)}, was {_plain(has.get(key))}" for key, value in body.items()]
    if stream_reasons := _stream_reasons(connection.streams, found):
        why += stream_reasons
        body["configurations"] = streams
    return replace(create, verb=Verb.UPDATE, id=found["connectionId"], why=tuple(why), body=body) if why else None


def _check_ends(connection: Connection, found: Json, actual: Actual) -> None:
    for kind, name in ((Kind.SOURCE, connection.source), (Kind.DESTINATION, connection.destination)):
        end = actual.get(kind, name)
        if end is None or end[kind.id_key] != found[kind.id_key]:
            raise PlanError(
                f"The connection `{connection.name}` does not join the {kind} `{name}` in Airbyte, and Airbyte cannot "
                "move a connection: delete it there and provision again."
            )


def _schedule(found: Json) -> Json:
    """Only what we declare: the server adds the basic timing of old connections and ` UTC` to a cron expression."""
    schedule = found.get("schedule") or {}
    kept = {"scheduleType": schedule.get("scheduleType")}
    if expression := schedule.get("cronExpression"):
        kept["cronExpression"] = expression.removesuffix(" UTC")
    return kept


def _stream_reasons(wanted: Mapping[str, Json], found: Json) -> list[str]:
    """Mappers, selected fields and namespaces are not declared, so they are not compared."""
    has = {stream["name"]: stream for stream in found["configurations"]["streams"]}
    reasons = [f"stream {name} is missing" for name in sorted(wanted.keys() - has.keys())]
    reasons += [f"stream {name} is not declared" for name in sorted(has.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & has.keys()):
        for key, value in wanted[name].items():
            # A key or cursor that the source itself defines is not repeated by the server.
            was = has[name].get(key) or (None if key == "syncMode" else value)
            if was != value:
                reasons.append(f"stream {name}: {key} is {_plain(value)}, was {_plain(was)}")
    return reasons


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return " ".join(str(item) for item in value.values())
    if isinstance(value, list):
        return ", ".join(_plain(item) for item in value)
    return repr(value) if value in ("", None) else str(value)


def _leaves(value: Json, prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        found |= _leaves(item, f"{prefix}{key}.") if isinstance(item, Mapping) else {f"{prefix}{key}": item}
    return found
