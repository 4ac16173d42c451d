"""Connections: which streams go where, and how."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any, Literal

from starlette.routing import Route

from local.airbyte.api import problems
from local.airbyte.api.actors import find
from local.airbyte.api.http import Body, Call, endpoint, page_of
from local.airbyte.api.streams import StreamConfiguration, configure, discover
from local.airbyte.models import ActorKind, Connection, Json

Namespace = Literal["destination", "source", "custom_format"]
SchemaUpdates = Literal["ignore", "disable_connection", "propagate_columns", "propagate_fully"]


class Schedule(Body):
    schedule_type: Literal["manual", "cron"]
    cron_expression: str | None = None


class StreamConfigurations(Body):
    streams: list[StreamConfiguration] | None = None


class ConnectionUpdate(Body):
    """PATCH: a field that is absent stays; `configurations` replaces the whole selection."""

    name: str | None = None
    configurations: StreamConfigurations | None = None
    schedule: Schedule | None = None
    namespace_definition: Namespace | None = None
    namespace_format: str | None = None
    prefix: str | None = None
    non_breaking_schema_updates_behavior: SchemaUpdates | None = None
    status: Literal["active", "inactive"] | None = None


class ConnectionCreate(ConnectionUpdate):
    source_id: str
    destination_id: str


def _schedule(given: Schedule | None) -> Json:
    if given is None or given.schedule_type == "manual":
        return {"scheduleType": "manual"}
    if not given.cron_expression:
        raise problems.bad_request("schedule.cronExpression is required when scheduleType is cron.")
    return {"scheduleType": "cron", "cronExpression": f"{given.cron_expression.removesuffix(' UTC')} UTC"}


def _render(connection: Connection) -> Json:
    streams = [{key: value for key, value in stream.items() if key != "json_schema"} for stream in connection.streams]
    return {
        "connectionId": connection.id,
        "name": connection.name,
        "sourceId": connection.source_id,
        "destinationId": connection.destination_id,
        "workspaceId": connection.workspace_id,
        "status": connection.status,
        "schedule": connection.schedule,
        "dataResidency": "auto",
        "nonBreakingSchemaUpdatesBehavior": connection.schema_updates,
        "namespaceDefinition": connection.namespace_definition,
        "namespaceFormat": connection.namespace_format,
        "prefix": connection.prefix,
        "configurations": {"streams": [{**stream, "mappers": []} for stream in streams]},
        "createdAt": connection.created_at,
        "tags": [],
    }


def find_connection(call: Call, connection_id: str) -> Connection:
    """The connection, or the resource-not-found problem."""
    connection = call.services.store.connection(connection_id)
    if connection is None or connection.status == "deprecated":
        raise problems.not_found("connection", connection_id)
    return connection


def create(call: Call) -> Any:
    body = call.body(ConnectionCreate)
    source = find(call, ActorKind.SOURCE, body.source_id)
    destination = find(call, ActorKind.DESTINATION, body.destination_id)
    streams = configure(discover(call, source), body.configurations.streams if body.configurations else None)
    connection = Connection(
        id=str(uuid.uuid4()),
        workspace_id=source.workspace_id,
        source_id=source.id,
        destination_id=destination.id,
        name=body.name or f"{source.name} → {destination.name}",
        status=body.status or "active",
        created_at=int(time.time()),
        schedule=_schedule(body.schedule),
        namespace_definition=body.namespace_definition or "destination",
        namespace_format=body.namespace_format,
        prefix=body.prefix or "",
        schema_updates=body.non_breaking_schema_updates_behavior or "ignore",
        streams=streams,
    )
    call.services.store.save_connection(connection)
    return _render(connection)


def update(call: Call) -> Any:
    connection = find_connection(call, call.path["id"])
    body = call.body(ConnectionUpdate)
    changes: dict[str, Any] = {
        "name": body.name,
        "status": body.status,
        "namespace_definition": body.namespace_definition,
        "namespace_format": body.namespace_format,
        "prefix": body.prefix,
        "schema_updates": body.non_breaking_schema_updates_behavior,
        "schedule": _schedule(body.schedule) if body.schedule else None,
    }
    if body.configurations is not None:
        source = find(call, ActorKind.SOURCE, connection.source_id)
        # Configuring is when the platform looks at the source again.
        changes["streams"] = configure(discover(call, source, ignore_cache=True), body.configurations.streams)
    changed = replace(connection, **{key: value for key, value in changes.items() if value is not None})
    call.services.store.save_connection(changed)
    return _render(changed)


def listing(call: Call) -> Any:
    wanted = call.query_list("workspaceIds")
    deleted = call.flag("includeDeleted")
    found = [
        connection
        for connection in call.services.store.connections()
        if (deleted or connection.status != "deprecated") and (not wanted or connection.workspace_id in wanted)
    ]
    return page_of(call, [_render(connection) for connection in found])


def delete(call: Call) -> None:
    connection = find_connection(call, call.path["id"])
    call.services.store.save_connection(replace(connection, status="deprecated"))


ROUTES = [
    Route("/connections", endpoint(listing), methods=["GET"]),
    Route("/connections", endpoint(create), methods=["POST"]),
    Route("/connections/{id}", endpoint(lambda call: _render(find_connection(call, call.path["id"]))), methods=["GET"]),
    Route("/connections/{id}", endpoint(update), methods=["PATCH"]),
    Route("/connections/{id}", endpoint(delete), methods=["DELETE"]),
]
