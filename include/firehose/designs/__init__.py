"""How each kind of subject is told: one module per design, each with `tell(events, setting)`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.firehose.designs import (
    answer,
    beat,
    dag_file,
    deployment,
    health,
    pull_request,
    pulse,
    push,
    run,
)
from include.firehose.designs.telling import Design
from include.firehose.event import Event, Kind

DESIGNS: Mapping[Kind, Design] = {
    Kind.TASK: run.tell,
    Kind.RUN: run.tell,
    Kind.DAG_FILE: dag_file.tell,
    Kind.HEALTH: health.tell,
    Kind.ANSWER: answer.tell,
    Kind.PULL_REQUEST: pull_request.tell,
    Kind.PUSH: push.tell,
    Kind.BUILD: deployment.tell,
    Kind.BEAT: beat.tell,
    Kind.PULSE: pulse.tell,
}


def design_of(events: Sequence[Event]) -> Design:
    """The design of a subject by the kind of its events; raises ValueError for a kind that has none."""
    for event in events:
        if event.kind in DESIGNS:
            return DESIGNS[event.kind]
    raise ValueError(f"No design tells {sorted({event.kind.value for event in events})}.")
