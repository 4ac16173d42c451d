"""Silences: in force on their days for their series, expired in the open, and refused with what to write instead."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.firehose.silences import FILE, InvalidSilence, Silence, Silences, read

TODAY = date(2026, 12, 24)
ENTRY = "- {series: 'af:dag:payments_*', reason: maintenance, owner: data, until: 2026-12-26}\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "silences.yml"
    path.write_text(text)
    return path


def test_the_file_of_the_repository_can_be_read_and_silences_nothing():
    assert read() == Silences()


def test_the_example_in_the_files_comment_is_a_silence(tmp_path: Path):
    lines = FILE.read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("# - series"))
    example = "\n".join(line.removeprefix("# ") for line in lines[first:] if line.startswith("#"))
    assert len(read(written(tmp_path, example)).declared) == 1


def test_a_silence_covers_the_series_of_its_pattern_on_its_days(tmp_path: Path):
    silences = read(written(tmp_path, ENTRY))
    assert silences.of("af:dag:payments_hourly", TODAY)
    assert silences.of("af:dag:payments_hourly", date(2026, 12, 26))
    assert not silences.of("af:dag:payments_hourly", date(2026, 12, 27))
    assert not silences.of("af:dag:storefront_hourly", TODAY)


def test_a_silence_that_begins_later_does_not_count_yet(tmp_path: Path):
    silences = read(written(tmp_path, ENTRY.replace("until", "from: 2026-12-25, until")))
    assert not silences.active(TODAY)
    assert silences.active(date(2026, 12, 25))
    assert not silences.expired(TODAY)


def test_a_silence_that_has_run_out_is_named_until_it_is_removed(tmp_path: Path):
    silences = read(written(tmp_path, ENTRY))
    assert silences.expired_lines(date(2026, 12, 26)) == []
    assert silences.expired_lines(date(2027, 3, 1)) == ["af:dag:payments_* (data, until 2026-12-26)"]
    assert silences.active(date(2027, 3, 1)) == ()


def test_of_several_silences_the_longest_is_told():
    one, longer = (Silence("af:*", "tidying", "data", until=date(2026, 12, day)) for day in (25, 30))
    found = Silences((one, longer)).of("af:dag:x", TODAY)
    assert str(found) == "Silenced until 2026-12-30 by data: tidying"


def test_an_empty_file_is_no_silence(tmp_path: Path):
    assert read(written(tmp_path, "# nothing\n")) == Silences()


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("series: x\n", "must be a list"),
        ("- just a word\n", "`just a word` is no silence"),
        ("- {series: x, owner: data, until: 2026-12-26}\n", "entry 1: `reason` is missing: add it"),
        (ENTRY + ENTRY.replace("2026-12-26", "soon"), "entry 2: `until: soon` is no date: write it as 2026-12-26"),
        (ENTRY.replace("2026-12-26", "2026-12-26 10:00:00"), "is no date"),
        (ENTRY.replace("owner", "by"), "`by` is unknown"),
        (ENTRY.replace("maintenance", "42"), "`reason` must be a text"),
        (ENTRY.replace("until", "from: 2027-01-01, until"), "it ends .2026-12-26. before it begins"),
        ("- {series: [\n", "cannot be read as YAML"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused_with_what_to_write(tmp_path: Path, text: str, advice: str):
    with pytest.raises(InvalidSilence, match=advice):
        read(written(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InvalidSilence, match="cannot be read"):
        read(tmp_path / "none.yml")
