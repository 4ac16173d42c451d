"""What Airflow itself knows of the assets, as its Assets page shows it."""

from __future__ import annotations

from typing import Any

import pytest

from include.settings.assets import raw_asset
from include.sources.catalog import sources
from include.transform import manifest as dbt_manifest
from include.transform.assets import asset_of
from include.transform.ownership import built_nodes
from tests.integration.stack import Stack

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def assets(stack: Stack) -> dict[str, dict[str, Any]]:
    found = stack.api.call("GET", "/assets", params={"limit": 100})["assets"]
    return {asset["name"]: asset for asset in found}


def test_the_assets_page_has_every_raw_stream_and_every_model_and_nothing_else(assets: dict[str, Any]) -> None:
    manifest = dbt_manifest.load()
    models = {asset.name for key in built_nodes(manifest) if (asset := asset_of(manifest, key))}
    streams = {raw_asset(source=source.name, stream=stream).name for source in sources() for stream in source.streams}
    assert set(assets) == models | streams


def test_every_asset_has_exactly_one_producer(assets: dict[str, Any]) -> None:
    assert {name: len(asset["producing_tasks"]) for name, asset in assets.items()} == dict.fromkeys(assets, 1)


def test_what_models_read_has_consumers(assets: dict[str, Any]) -> None:
    assert all(asset["consuming_tasks"] for name, asset in assets.items() if name.startswith("raw."))
    assert {dag["dag_id"] for dag in assets["marts.fct_orders"]["scheduled_dags"]} == {"business_marts"}


def test_every_stream_and_tested_model_has_had_an_event(assets: dict[str, Any]) -> None:
    without = [name for name, asset in assets.items() if not asset["last_asset_event"]]
    assert without == []


def test_a_sync_says_rows_bytes_and_seconds_of_each_stream(stack: Stack) -> None:
    events = stack.api.call("GET", "/assets/events", params={"source_dag_id": "payments_hourly", "limit": 100})
    raw = [event for event in events["asset_events"] if event["name"].startswith("raw.payments.")]
    assert raw
    for event in raw:
        assert {"rows", "bytes", "seconds"} <= event["extra"].keys()
