"""Every message design with sample data, to look at before anybody has to read it at night."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from include.firehose.compose import replies
from include.firehose.designs import design_of
from include.firehose.designs.telling import Setting
from include.firehose.event import Event, Kind
from include.firehose.samples import samples

USUAL_SECONDS = (118, 121, 125, 129, 131, 134, 140, 152)
USUAL_ROWS = (45_210, 51_004, 47_998, 46_120, 52_330, 49_871, 48_002)


@dataclass(frozen=True)
class Preview:
    """One design: what it shows, its root message, and the replies of its thread, as Slack is given them."""

    name: str
    root: dict[str, Any]
    replies: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        return {"design": self.name, **self.root, "thread": list(self.replies)}


def previews(airflow_url: str) -> Iterator[Preview]:
    """All samples, told as the composer tells them."""
    for name, events in samples():
        telling = design_of(events)(events, _setting(airflow_url, events))
        yield Preview(name, telling.message.body(), tuple(replies(telling.lines)))


def _setting(airflow_url: str, events: Sequence[Event]) -> Setting:
    """What the outbox would remember: usual runs, usual loads, a third failure."""
    tasks = [event for event in events if event.kind is Kind.TASK]
    return Setting(
        airflow_url=airflow_url,
        usual_seconds=USUAL_SECONDS,
        failures_in_a_row={event.event_id: 3 for event in tasks if event.payload["state"] == "failed"},
        rows_before={event.event_id: USUAL_ROWS for event in tasks if "streams" in event.payload.get("facts", {})},
    )
