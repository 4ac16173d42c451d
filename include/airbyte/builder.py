"""The one way a DAG file makes a sync task: `sync("storefront")`.

Everything the task needs stands in the source's declaration, so a DAG file names the source and nothing else, and
parsing it asks no Airbyte.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import BaseOperator

from include.airbyte.operator import AirbyteSyncOperator
from include.settings import connections
from include.settings.assets import raw_asset
from include.sources import catalog
from include.sources.model import Source

RETRIES = 2
RETRY_DELAY = timedelta(seconds=30)


def sync(source: str | Source, **options: Any) -> BaseOperator:
    """The task `sync_<source>`, which loads all streams of a source; its outlets are the raw tables.

    `options` are those of AirbyteSyncOperator and BaseOperator and win over what is set here.

    Raises UnknownSource and DeclarationError.
    """
    declared = catalog.source(source) if isinstance(source, str) else source
    defaults: dict[str, Any] = {
        "task_id": f"sync_{declared.name}",
        "connection": declared.name,
        "streams": {stream: raw_asset(source=declared.name, stream=stream) for stream in declared.streams},
        "owner": declared.owner,
        "pool": connections.AIRBYTE_POOL,
        # Airbyte has tried several times before it gives a job up: these are for an Airbyte that is away.
        "retries": RETRIES,
        "retry_delay": RETRY_DELAY,
        "doc_md": _documentation(declared),
    }
    return AirbyteSyncOperator(**{**defaults, **options})


def _documentation(source: Source) -> str:
    rows = "\n".join(
        f"| {name} | {stream.sync_mode} | {', '.join(stream.primary_key) or '-'} | {stream.cursor or '-'} |"
        for name, stream in source.streams.items()
    )
    return f"""Loads **{source.title}** with Airbyte. {source.description}

| stream | mode | key | cursor |
|---|---|---|---|
{rows}

**On failure** read the last line of the log: it has Airbyte's reason and the job's address. A wrong configuration or
secret fails at once: correct it and run `python -m include.airbyte.provision`. Anything else was retried and may be
cleared: a cleared task joins a sync that still runs and never starts a second one beside it.
"""
