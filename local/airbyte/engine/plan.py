"""What one job does with each stream: the configured catalog for the source, and the table for the loader.

Both come from the connection alone. The source is not asked again what it has: discovery belongs to configuring.
"""

from __future__ import annotations

from dataclasses import dataclass

from local.airbyte.engine.columns import Column, columns_of
from local.airbyte.models import Connection, Json, StreamName


@dataclass(frozen=True, kw_only=True)
class StreamPlan:
    """One stream of a job."""

    stream: StreamName
    json_schema: Json
    columns: tuple[Column, ...]
    schema: str
    table: str
    sync_mode: str
    overwrite: bool
    dedup: bool
    cursor_field: tuple[str, ...]
    primary_key: tuple[tuple[str, ...], ...]
    generation_id: int

    @property
    def incremental(self) -> bool:
        return self.sync_mode == "incremental"

    def column(self, field: str) -> str:
        """The column a top-level field is loaded into."""
        return next(column.name for column in self.columns if column.field == field)

    def configured(self, sync_id: int) -> Json:
        """The entry of the ConfiguredAirbyteCatalog."""
        modes = {(True, True): "overwrite_dedup", (True, False): "overwrite", (False, True): "append_dedup"}
        return {
            "stream": {
                "name": self.stream.name,
                **({"namespace": self.stream.namespace} if self.stream.namespace else {}),
                "json_schema": self.json_schema,
                "supported_sync_modes": ["full_refresh", "incremental"],
            },
            "sync_mode": self.sync_mode,
            "destination_sync_mode": modes.get((self.overwrite, self.dedup), "append"),
            "cursor_field": list(self.cursor_field),
            "primary_key": [list(path) for path in self.primary_key],
            "generation_id": self.generation_id,
            "minimum_generation_id": self.generation_id if self.overwrite else 0,
            "sync_id": sync_id,
        }


def _namespace(connection: Connection, stream: StreamName, default: str) -> str:
    if connection.namespace_definition == "source":
        return stream.namespace or default
    if connection.namespace_definition == "custom_format" and connection.namespace_format:
        return connection.namespace_format.replace("${SOURCE_NAMESPACE}", stream.namespace or "") or default
    return default


def _plan(
    connection: Connection, configured: Json, default_schema: str, generations: dict[StreamName, int]
) -> StreamPlan:
    stream = StreamName(configured["name"], configured.get("namespace"))
    fields = configured.get("selectedFields")
    selected = {field["fieldPath"][0] for field in fields} if fields else None
    schema = configured["json_schema"]
    if selected is not None:
        kept = {name: body for name, body in schema.get("properties", {}).items() if name in selected}
        schema = {**schema, "properties": kept}
    mode = configured["syncMode"]
    return StreamPlan(
        stream=stream,
        json_schema=schema,
        columns=columns_of(schema, selected),
        schema=_namespace(connection, stream, default_schema).upper(),
        table=f"{connection.prefix}{stream.name}".upper(),
        sync_mode="incremental" if mode.startswith("incremental") else "full_refresh",
        overwrite="overwrite" in mode,
        dedup="dedup" in mode,
        cursor_field=tuple(configured.get("cursorField") or ()),
        primary_key=tuple(tuple(path) for path in configured.get("primaryKey") or ()),
        generation_id=generations.get(stream, 0),
    )


def plans(connection: Connection, default_schema: str, generations: dict[StreamName, int]) -> list[StreamPlan]:
    """A plan for each configured stream of the connection."""
    return [_plan(connection, configured, default_schema, generations) for configured in connection.streams]
