"""What a DAG file gets from `sync("storefront")`."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta

import pytest
from airflow.sdk import DAG

from include.airbyte.builder import sync
from include.settings import paths
from include.settings.assets import raw_asset
from include.sources import catalog
from include.sources.catalog import UnknownSource


@pytest.mark.parametrize("source", catalog.sources(), ids=lambda source: source.name)
def test_each_source_makes_a_task_whose_outlets_are_its_streams(source):
    task = sync(source)
    assert task.task_id == f"sync_{source.name}"
    assert task.outlets == [raw_asset(source=source.name, stream=stream) for stream in source.streams]
    assert (task.pool, task.retries, task.retry_delay) == ("airbyte", 2, timedelta(seconds=30))
    assert "**On failure**" in (task.doc_md or "")


def test_a_source_may_be_named():
    assert sync("payments").task_id == "sync_payments"


def test_options_win():
    with DAG("test_dag"):
        task = sync("payments", task_id="load", retries=0, timeout=60.0)
    assert (task.task_id, task.retries, task.timeout) == ("load", 0, 60.0)


def test_making_the_task_asks_no_airbyte_and_needs_no_secret(airbyte, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_AIRBYTE_DEFAULT")
    for source in catalog.sources():
        for variable in source.connector.variables:
            monkeypatch.delenv(variable, raising=False)
        sync(source)
    assert airbyte.requests == []


def test_an_unknown_source_is_an_error_of_the_dag_file():
    with pytest.raises(UnknownSource, match="did you mean payments"):
        sync("paymnts")


def test_parsing_a_dag_file_does_not_load_the_airbyte_sdk():
    code = "import sys, include.airbyte.builder; assert 'airbyte_api' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, check=True)
