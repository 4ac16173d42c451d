"""Knowing whether a secret was rotated without keeping it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from include.airbyte.desired import Actor, Kind
from include.airbyte.fingerprints import Fingerprints


def actor(**secrets: str) -> Actor:
    return Actor(kind=Kind.SOURCE, name="payments", definition="stripe", configuration={}, secrets=secrets)


def test_a_secret_that_was_sent_is_known_by_the_next_run(tmp_path: Path):
    Fingerprints(tmp_path / "known.json").remember("id", actor(key="first"))
    known = Fingerprints(tmp_path / "known.json")
    assert (known.changed("id", actor(key="first")), known.unknown("id", actor(key="first"))) == ([], [])


def test_a_rotated_secret_has_changed(tmp_path: Path):
    known = Fingerprints(tmp_path / "known.json")
    known.remember("id", actor(key="first", other="same"))
    assert known.changed("id", actor(key="second", other="same")) == ["key"]
    known.remember("id", actor(key="second", other="same"))
    assert known.changed("id", actor(key="second", other="same")) == []


def test_a_secret_that_was_never_sent_is_unknown_and_not_changed(tmp_path: Path):
    known = Fingerprints(tmp_path / "known.json")
    known.remember("id", actor(key="first"))
    assert known.unknown("another id", actor(key="first")) == ["key"]
    assert known.changed("another id", actor(key="first")) == []
    assert known.unknown("id", actor(key="first", new="x")) == ["new"]


def test_the_file_has_no_secret_and_is_its_owners_alone(tmp_path: Path):
    file = tmp_path / "deep" / "known.json"
    Fingerprints(file).remember("id", actor(key="a-very-secret-value"))
    assert "a-very-secret-value" not in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_equal_secrets_have_different_fingerprints(tmp_path: Path):
    file = tmp_path / "known.json"
    Fingerprints(file).remember("id", actor(one="same", two="same"))
    values = [line.strip(' ,"') for line in file.read_text().splitlines() if '": "' in line]
    assert len({value.partition('": "')[2] for value in values}) == 2


@pytest.mark.parametrize("content", ["", "{half a", "null and more"])
def test_a_broken_file_knows_nothing_and_is_written_anew(tmp_path: Path, content: str):
    file = tmp_path / "known.json"
    file.write_text(content)
    known = Fingerprints(file)
    assert known.unknown("id", actor(key="first")) == ["key"]
    known.remember("id", actor(key="first"))
    assert Fingerprints(file).unknown("id", actor(key="first")) == []
