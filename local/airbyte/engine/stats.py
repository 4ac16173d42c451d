"""Counts per stream of one attempt, in the Config API's words."""

from __future__ import annotations

from dataclasses import dataclass

from local.airbyte.models import Json, StreamName


@dataclass
class StreamCount:
    """Emitted by the source, and committed: loaded at the destination."""

    stream: StreamName
    sync_mode: str
    records_emitted: int = 0
    bytes_emitted: int = 0
    records_committed: int = 0
    bytes_committed: int = 0
    states: int = 0
    status: str | None = None

    def as_json(self) -> Json:
        return {
            "streamName": self.stream.name,
            "streamNamespace": self.stream.namespace,
            "syncMode": self.sync_mode,
            "stats": {
                "recordsEmitted": self.records_emitted,
                "bytesEmitted": self.bytes_emitted,
                "recordsCommitted": self.records_committed,
                "bytesCommitted": self.bytes_committed,
                "recordsRejected": 0,
                "stateMessagesEmitted": self.states,
            },
        }
