"""Workspaces, definitions, sources and destinations."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from starlette.routing import Route

from local.airbyte import definitions
from local.airbyte.api import problems
from local.airbyte.api.http import Body, Call, endpoint, page_of
from local.airbyte.definitions import Definition
from local.airbyte.models import Actor, ActorKind, Json


class ActorCreate(Body):
    """A new source or destination; its connector by definition id or by `configuration.sourceType`."""

    name: str
    workspace_id: str
    definition_id: str | None = None
    configuration: dict[str, Any]


class ActorUpdate(Body):
    """PATCH merges the configuration, PUT replaces it."""

    name: str | None = None
    workspace_id: str | None = None
    configuration: dict[str, Any] | None = None


def _workspace(call: Call) -> Json:
    return {
        "workspaceId": call.services.store.workspace_id,
        "name": "Backbeat",
        "dataResidency": "auto",
        "notifications": {},
    }


def check_workspace(call: Call, workspace_id: str) -> None:
    """Raise resource-not-found for any workspace but the one there is."""
    if workspace_id != call.services.store.workspace_id:
        raise problems.not_found("workspace", workspace_id)


def list_workspaces(call: Call) -> Any:
    wanted = call.query_list("workspaceIds")
    workspace = _workspace(call)
    return page_of(call, [workspace] if not wanted or workspace["workspaceId"] in wanted else [])


def get_workspace(call: Call) -> Any:
    check_workspace(call, call.path["id"])
    return _workspace(call)


def list_definitions(call: Call) -> Any:
    check_workspace(call, call.path["id"])
    kind = ActorKind(call.path["kind"].removesuffix("s"))
    found = [
        {
            "id": definition.id,
            "name": definition.name,
            "dockerRepository": definition.docker_repository,
            "dockerImageTag": definition.docker_image_tag,
            "documentationUrl": definition.documentation_url,
        }
        for definition in definitions.load_all()
        if definition.kind is kind
    ]
    return {"data": found, "next": "", "previous": ""}


def definition_of(actor: Actor) -> Definition:
    definition = definitions.by_id(actor.definition_id)
    if definition is None:
        raise problems.not_found("definition", actor.definition_id)
    return definition


def find(call: Call, kind: ActorKind, actor_id: str) -> Actor:
    """The actor, or the resource-not-found problem."""
    actor = call.services.store.actor(kind, actor_id)
    if actor is None:
        raise problems.not_found(kind, actor_id)
    return actor


def _render(actor: Actor) -> Json:
    definition = definition_of(actor)
    return {
        f"{actor.kind}Id": actor.id,
        "name": actor.name,
        f"{actor.kind}Type": definition.type,
        "definitionId": actor.definition_id,
        "workspaceId": actor.workspace_id,
        "configuration": definition.masked(actor.configuration),
        "createdAt": actor.created_at,
    }


def _without_type(kind: ActorKind, configuration: Json) -> Json:
    return {key: value for key, value in configuration.items() if key != f"{kind}Type"}


def _named_definition(kind: ActorKind, body: ActorCreate) -> Definition:
    type_name = body.configuration.get(f"{kind}Type")
    if body.definition_id:
        definition = definitions.by_id(body.definition_id)
    elif type_name:
        definition = definitions.by_type(kind, type_name)
    else:
        raise problems.bad_request(f"Give definitionId or configuration.{kind}Type.")
    if definition is None or definition.kind is not kind:
        raise problems.bad_request(f"There is no {kind} connector {body.definition_id or type_name!r} here.")
    return definition


def _handlers(kind: ActorKind) -> dict[str, Callable[[Call], Any]]:
    def create(call: Call) -> Any:
        body = call.body(ActorCreate)
        check_workspace(call, body.workspace_id)
        definition = _named_definition(kind, body)
        configuration = _without_type(kind, body.configuration)
        definition.validate(configuration)
        actor = Actor(
            id=str(uuid.uuid4()),
            kind=kind,
            workspace_id=body.workspace_id,
            definition_id=definition.id,
            name=body.name,
            configuration=configuration,
            created_at=int(time.time()),
        )
        call.services.store.save_actor(actor)
        return _render(actor)

    def update(call: Call, *, merge: bool) -> Any:
        actor = find(call, kind, call.path["id"])
        definition = definition_of(actor)
        body = call.body(ActorUpdate)
        configuration = actor.configuration
        if body.configuration is not None:
            given = definition.unmasked(_without_type(kind, body.configuration), actor.configuration)
            configuration = {**actor.configuration, **given} if merge else given
            definition.validate(configuration)
        changed = replace(actor, name=body.name or actor.name, configuration=configuration)
        call.services.store.save_actor(changed)
        if configuration != actor.configuration:
            call.services.store.forget_catalog(actor.id)
        return _render(changed)

    def listing(call: Call) -> Any:
        wanted = call.query_list("workspaceIds")
        found = call.services.store.actors(kind)
        return page_of(call, [_render(actor) for actor in found if not wanted or actor.workspace_id in wanted])

    def delete(call: Call) -> None:
        actor = find(call, kind, call.path["id"])
        call.services.store.delete_actor(actor.id)

    return {
        "create": create,
        "listing": listing,
        "get": lambda call: _render(find(call, kind, call.path["id"])),
        "patch": lambda call: update(call, merge=True),
        "put": lambda call: update(call, merge=False),
        "delete": delete,
    }


def _actor_routes(kind: ActorKind) -> list[Route]:
    handlers = _handlers(kind)
    return [
        Route(f"/{kind}s", endpoint(handlers["listing"]), methods=["GET"]),
        Route(f"/{kind}s", endpoint(handlers["create"]), methods=["POST"]),
        Route(f"/{kind}s/{{id}}", endpoint(handlers["get"]), methods=["GET"]),
        Route(f"/{kind}s/{{id}}", endpoint(handlers["patch"]), methods=["PATCH"]),
        Route(f"/{kind}s/{{id}}", endpoint(handlers["put"]), methods=["PUT"]),
        Route(f"/{kind}s/{{id}}", endpoint(handlers["delete"]), methods=["DELETE"]),
    ]


ROUTES = [
    Route("/workspaces", endpoint(list_workspaces), methods=["GET"]),
    Route("/workspaces/{id}", endpoint(get_workspace), methods=["GET"]),
    Route("/workspaces/{id}/definitions/{kind:str}", endpoint(list_definitions), methods=["GET"]),
    *_actor_routes(ActorKind.SOURCE),
    *_actor_routes(ActorKind.DESTINATION),
]
