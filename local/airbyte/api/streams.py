"""What a source has (GET /streams), and how a connection's streams are configured from it."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from local.airbyte.api import problems
from local.airbyte.api.actors import definition_of, find
from local.airbyte.api.http import Body, Call, endpoint
from local.airbyte.engine.connector import ConnectorError, ask
from local.airbyte.models import Actor, ActorKind, Json

_FULL_REFRESH = ["full_refresh_overwrite", "full_refresh_overwrite_deduped", "full_refresh_append"]
_INCREMENTAL = ["incremental_append", "incremental_deduped_history"]


class SelectedField(Body):
    field_path: list[str]


class StreamConfiguration(Body):
    """One stream of a connection, as a client configures it."""

    name: str
    namespace: str | None = None
    sync_mode: str = "full_refresh_overwrite"
    cursor_field: list[str] | None = None
    primary_key: list[list[str]] | None = None
    selected_fields: list[SelectedField] | None = None


def discover(call: Call, source: Actor, *, ignore_cache: bool = False) -> list[Json]:
    """The source's streams: as last discovered, unless the source or the request says to look again."""
    known = call.services.store.catalog(source.id)
    if known and not ignore_cache:
        return known[0]
    try:
        messages, error = ask(definition_of(source), "discover", source.configuration, call.services.settings)
    except ConnectorError as broke:
        raise problems.unexpected(str(broke)) from broke
    catalogs = [message["catalog"]["streams"] for message in messages if message["type"] == "CATALOG"]
    if error or not catalogs:
        reason = error["message"] if error else "the connector emitted no catalog"
        raise problems.bad_request(f"The streams of source {source.name} could not be discovered: {reason}")
    call.services.store.save_catalog(source.id, catalogs[0])
    return catalogs[0]


def _sync_modes(stream: Json) -> list[str]:
    supported = stream.get("supported_sync_modes") or ["full_refresh"]
    modes = _FULL_REFRESH if "full_refresh" in supported else []
    return [*modes, *(_INCREMENTAL if "incremental" in supported else [])]


def list_streams(call: Call) -> Any:
    source_id = call.query("sourceId")
    if not source_id:
        raise problems.bad_request("sourceId is required.")
    source = find(call, ActorKind.SOURCE, source_id)
    return [
        {
            "streamName": stream["name"],
            "streamnamespace": stream.get("namespace"),
            "syncModes": _sync_modes(stream),
            "defaultCursorField": stream.get("default_cursor_field") or [],
            "sourceDefinedCursorField": bool(stream.get("source_defined_cursor")),
            "sourceDefinedPrimaryKey": stream.get("source_defined_primary_key") or [],
            "propertyFields": [[name] for name in stream["json_schema"].get("properties", {})],
        }
        for stream in discover(call, source, ignore_cache=call.flag("ignoreCache"))
    ]


def _match(catalog: list[Json], wanted: StreamConfiguration) -> Json:
    for stream in catalog:
        if stream["name"] == wanted.name and wanted.namespace in (None, stream.get("namespace")):
            return stream
    names = ", ".join(sorted(stream["name"] for stream in catalog))
    raise problems.bad_request(f"Invalid stream found: {wanted.name}. The source's streams are: {names}.")


def _check_field(stream: Json, what: str, path: list[str]) -> None:
    if not path or path[0] not in stream["json_schema"].get("properties", {}):
        raise problems.bad_request(f"Invalid {what} for stream {stream['name']}: it has no field {'.'.join(path)!r}.")
    if len(path) > 1:
        raise problems.bad_request(f"Invalid {what} for stream {stream['name']}: {'.'.join(path)} is a nested field.")


def _cursor_field(stream: Json, wanted: StreamConfiguration) -> list[str]:
    default = stream.get("default_cursor_field") or []
    cursor = default if stream.get("source_defined_cursor") and default else (wanted.cursor_field or default)
    if wanted.sync_mode.startswith("incremental"):
        if not cursor and not stream.get("source_defined_cursor"):
            raise problems.bad_request(
                f"No cursor field for stream {stream['name']}: sync mode {wanted.sync_mode} needs one."
            )
        if cursor:
            _check_field(stream, "cursor field", cursor)
    return cursor


def _primary_key(stream: Json, wanted: StreamConfiguration) -> list[list[str]]:
    key: list[list[str]] = stream.get("source_defined_primary_key") or wanted.primary_key or []
    if "dedup" in wanted.sync_mode:
        if not key:
            raise problems.bad_request(
                f"No primary key for stream {stream['name']}: sync mode {wanted.sync_mode} needs one."
            )
        for path in key:
            _check_field(stream, "primary key", path)
    return key


def _configure(catalog: list[Json], wanted: StreamConfiguration) -> Json:
    stream = _match(catalog, wanted)
    if wanted.sync_mode not in _sync_modes(stream):
        raise problems.bad_request(f"Sync mode {wanted.sync_mode} is not supported by stream {wanted.name}.")
    for field in wanted.selected_fields or []:
        _check_field(stream, "selected field", field.field_path)
    return {
        "name": stream["name"],
        "namespace": stream.get("namespace"),
        "syncMode": wanted.sync_mode,
        "cursorField": _cursor_field(stream, wanted),
        "primaryKey": _primary_key(stream, wanted),
        "selectedFields": [{"fieldPath": field.field_path} for field in wanted.selected_fields or []],
        "json_schema": stream["json_schema"],
    }


def configure(catalog: list[Json], wanted: list[StreamConfiguration] | None) -> list[Json]:
    """The connection's streams with their schema. None configures all of them, as full_refresh_overwrite."""
    if wanted is None:
        wanted = [StreamConfiguration(name=stream["name"], namespace=stream.get("namespace")) for stream in catalog]
    return [_configure(catalog, stream) for stream in wanted]


ROUTES = [Route("/streams", endpoint(list_streams), methods=["GET"])]
