"""The source for PostgreSQL on its own, as any platform of the Airbyte protocol would run it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.contracts.airbyte.shop import Database, insert_orders
from tests.standins import ROOT

# Everything the source prints goes through the protocol's own models, which refuse what they do not know.
VALIDATE = """
import json, sys
from airbyte_cdk.models import AirbyteMessageSerializer
for line in sys.stdin:
    AirbyteMessageSerializer.load(json.loads(line))
"""


class Source:
    """The connector's command line over files in a folder."""

    def __init__(self, folder: Path, configuration: dict[str, Any]) -> None:
        self._folder = folder
        self._configuration = configuration

    def run(self, verb: str, **files: Any) -> subprocess.CompletedProcess[str]:
        flags = []
        for name, content in files.items():
            path = self._folder / f"{name}.json"
            path.write_text(json.dumps(content))
            flags += [f"--{name}", str(path)]
        command = [str(ROOT / ".venvs/airbyte/bin/python"), "-m", "local.airbyte.sources.postgres", verb, *flags]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def messages(self, verb: str, **files: Any) -> list[dict[str, Any]]:
        done = self.run(verb, **files)
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]

    def catalog(self) -> dict[str, Any]:
        (message,) = self.messages("discover", config=self._configuration)
        streams = [
            {
                "stream": stream,
                "sync_mode": "incremental",
                "cursor_field": ["updated_at"],
                "destination_sync_mode": "append",
            }
            for stream in message["catalog"]["streams"]
        ]
        return {"streams": streams}

    def read(self, state: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        return self.messages("read", config=self._configuration, catalog=self.catalog(), state=state or [])


@pytest.fixture
def source(shop: Database, tmp_path: Path) -> Source:
    return Source(tmp_path, shop.configuration)


def records(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["record"]["data"] for message in messages if message["type"] == "RECORD"]


def states(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [message["state"] for message in messages if message["type"] == "STATE"]


def test_every_message_is_one_of_the_protocol(source: Source, shop: Database) -> None:
    shop.run(insert_orders(1, 3))
    messages = [*source.messages("spec"), *source.messages("check", config=shop.configuration), *source.read()]
    lines = "\n".join(json.dumps(message) for message in messages)
    python = ROOT / ".venvs/connectors/bin/python"
    done = subprocess.run([str(python), "-c", VALIDATE], input=lines, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {message["type"] for message in messages} == {"SPEC", "CONNECTION_STATUS", "TRACE", "RECORD", "STATE"}


def test_discover_gives_types_and_keys_in_the_words_of_the_stock_source(source: Source) -> None:
    (configured,) = source.catalog()["streams"]
    stream = configured["stream"]
    assert (stream["name"], stream["namespace"]) == ("orders", "public")
    assert stream["source_defined_primary_key"] == [["order_id"]]
    assert stream["json_schema"]["properties"] == {
        "order_id": {"type": "number", "airbyte_type": "integer"},
        "shop": {"type": "string"},
        "total": {"type": "number"},
        "quantity": {"type": "number"},
        "paid": {"type": "boolean"},
        "placed_on": {"type": "string", "format": "date"},
        "note": {"type": "string"},
        "tags": {"type": "array"},
        "updated_at": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
    }


def test_a_numeric_is_written_digit_by_digit(source: Source, shop: Database) -> None:
    shop.run(insert_orders(1, 1))
    shop.run("update orders set quantity = 12345678901234567890.123456789")
    done = source.run("read", config=shop.configuration, catalog=source.catalog(), state=[])
    assert '"quantity":12345678901234567890.123456789,' in done.stdout
    assert '"total":1.37,' in done.stdout


def test_a_read_ends_in_the_state_that_the_next_one_begins_with(source: Source, shop: Database) -> None:
    shop.run(insert_orders(1, 5))
    (state,) = states(source.read())
    assert state["stream"]["stream_state"]["cursor"] == "2026-11-01T00:00:04.000000Z"
    assert state["stream"]["stream_state"]["cursor_record_count"] == 1
    assert state["sourceStats"]["recordCount"] == 5
    shop.run(insert_orders(6, 7, at="2026-11-02T00:00:00Z"))
    assert [record["order_id"] for record in records(source.read([state]))] == [6, 7]


def test_a_state_falls_between_two_cursor_values_so_that_no_equal_one_is_skipped(
    source: Source, shop: Database
) -> None:
    shop.run(insert_orders(1, 24_000))
    # 12,000 rows with one value, then 12,000 with the next: no checkpoint may cut through either.
    shop.run("update orders set updated_at = '2026-11-05' where order_id <= 12000")
    shop.run("update orders set updated_at = '2026-11-06' where order_id > 12000")
    counts = [state["stream"]["stream_state"]["cursor_record_count"] for state in states(source.read())]
    assert counts == [12_000, 12_000]


def test_a_row_without_a_cursor_value_is_read_in_the_first_sync(source: Source, shop: Database) -> None:
    shop.run(insert_orders(1, 2))
    shop.run("update orders set updated_at = null where order_id = 1")
    messages = source.read()
    assert {record["order_id"] for record in records(messages)} == {1, 2}
    assert states(messages)[0]["stream"]["stream_state"]["cursor_record_count"] == 1


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"database": "no_such_database"}, "config_error"),
        ({"username": "nobody"}, "config_error"),
        ({"port": 1}, "transient_error"),
    ],
)
def test_a_failure_says_whether_it_is_worth_another_try(
    source: Source, shop: Database, change: dict[str, Any], kind: str
) -> None:
    broken = {**shop.configuration, **change}
    done = source.run("read", config=broken, catalog=source.catalog(), state=[])
    assert done.returncode == 1
    (error,) = [json.loads(line)["trace"]["error"] for line in done.stdout.splitlines()]
    assert error["failure_type"] == kind
    (status,) = source.messages("check", config=broken)
    assert status["connectionStatus"]["status"] == "FAILED"
