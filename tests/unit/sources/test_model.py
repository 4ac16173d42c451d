"""A wrong declaration is refused with its file, its key and what to write."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.sources import declaration
from include.sources.declaration import DeclarationError
from include.sources.model import Connector, Source, SyncMode

RIGHT: dict[str, Any] = {
    "title": "Payments",
    "description": "What buyers paid.",
    "owner": "data",
    "cadence": "hourly",
    "connector": {
        "definition": "stripe",
        "configuration": {"account_id": "acct_1", "base_url": "${PAYMENTS_API_URL:-}"},
        "secrets": {"client_secret": "${PAYMENTS_API_KEY}"},
    },
    "freshness": {"warn_after": "2 hours", "error_after": "1 day"},
    "streams": {
        "charges": {"sync_mode": "incremental_deduped_history", "primary_key": "id", "cursor": "created"},
        "countries": {"sync_mode": "full_refresh_overwrite"},
    },
}


def read(folder: Path, content: dict[str, Any] | str) -> Source:
    path = folder / "payments.yml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return declaration.read(path, Source, name="payments")


def changed(key: str, value: Any) -> dict[str, Any]:
    """The right declaration with one dotted key set, or removed when the value is None."""
    content: dict[str, Any] = yaml.safe_load(yaml.safe_dump(RIGHT))
    *parents, last = key.split(".")
    place = content
    for parent in parents:
        place = place[parent]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_right_declaration_is_read(tmp_path):
    source = read(tmp_path, RIGHT)
    assert (source.name, source.freshness.warn_after) == ("payments", timedelta(hours=2))
    assert source.streams["charges"].sync_mode is SyncMode.INCREMENTAL_DEDUPED_HISTORY
    assert source.streams["charges"].primary_key == ("id",)
    assert source.connector.variables == {"PAYMENTS_API_URL", "PAYMENTS_API_KEY"}


def test_a_key_of_several_columns_is_a_list(tmp_path):
    source = read(tmp_path, changed("streams.charges.primary_key", ["shop_id", "id"]))
    assert source.streams["charges"].primary_key == ("shop_id", "id")


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("owner", None, "owner: this key is missing: add it."),
        ("ownr", "data", "ownr: this key is unknown: remove it or correct its name (known here: name, title,"),
        (
            "cadence",
            "fortnightly",
            "cadence: `fortnightly` is not in the vocabulary: write 'hourly', 'daily' or 'weekly'.",
        ),
        ("streams", {}, "streams: "),
        ("title", "", "title: "),
        (
            "streams.charges.primary_key",
            None,
            "streams.charges: incremental_deduped_history needs primary_key: name the column",
        ),
        ("streams.charges.primary_key", [], "streams.charges: incremental_deduped_history needs primary_key"),
        ("streams.charges.cursor", None, "streams.charges: incremental_deduped_history needs cursor: name the column"),
        ("streams.charges.curser", "id", "streams.charges.curser: this key is unknown: remove it or correct its name"),
        ("streams.charges.curser", "id", "(known here: sync_mode, primary_key, cursor)"),
        (
            "streams.charges.sync_mode",
            "incremental",
            "streams.charges.sync_mode: `incremental` is not in the vocabulary",
        ),
        (
            "freshness.warn_after",
            "soon",
            "freshness.warn_after: write an age such as `30 minutes`, `2 hours` or `1 day`.",
        ),
        ("freshness.warn_after", 3, "freshness.warn_after: write an age such as"),
        (
            "freshness.warn_after",
            "1 hour",
            "freshness.warn_after must be longer than the time between two hourly syncs.",
        ),
        ("freshness.error_after", "2 hours", "freshness: error_after must be longer than warn_after."),
        (
            "connector.configuration.password",
            "${P}",
            "connector.configuration: `password` looks like a secret: move it to `secrets` as `password: ${VARIABLE}`.",
        ),
        (
            "connector.configuration.credentials",
            {"private_key": "x"},
            "`credentials.private_key` looks like a secret",
        ),
        ("connector.configuration.host", "${lower_case}", "`${lower_case}` is no reference: write ${UPPER_CASE_NAME}"),
        (
            "connector.secrets.client_secret",
            "sk_live_1",
            "connector.secrets: `client_secret` must be the name of a variable, ${UPPER_CASE_NAME}, and never a value.",
        ),
        ("name", "payments", "name: remove it, the file's name says it."),
    ],
)
def test_a_mistake_is_named_with_its_file_its_key_and_what_to_do(tmp_path, key, value, says):
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, changed(key, value))
    assert str(error.value).startswith(f"{tmp_path}/payments.yml: ")
    assert says in str(error.value)
    assert "sk_live_1" not in str(error.value)


def test_all_mistakes_are_told_at_once(tmp_path):
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, {**changed("owner", None), "cadence": "never"})
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("- a\n- list\n", "the file must be a mapping"),
        ("", "the file must be a mapping"),
        ("title: [\n", "line 2: "),
        ("streams:\n  orders: {}\n  orders: {}\n", "line 3: the key `orders` is written twice: keep one."),
    ],
)
def test_a_file_that_is_no_declaration_says_where(tmp_path, text, says):
    with pytest.raises(DeclarationError) as error:
        read(tmp_path, text)
    assert says in str(error.value)


def test_a_source_cannot_be_changed_after_it_was_read(tmp_path):
    source = read(tmp_path, RIGHT)
    with pytest.raises(ValueError, match="frozen"):
        source.owner = "somebody"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["Payments", "pay-ments", "1payments"])
def test_a_name_that_is_no_schema_is_refused(tmp_path, name):
    path = tmp_path / f"{name}.yml"
    path.write_text(yaml.safe_dump(RIGHT))
    with pytest.raises(DeclarationError, match="name: "):
        declaration.read(path, Source, name=name)


def test_a_connector_without_secrets_is_allowed():
    assert Connector(definition="faker", configuration={}).variables == frozenset()
