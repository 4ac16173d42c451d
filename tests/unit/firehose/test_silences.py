"""Silences: in force on their days for their series, expired in the open, and refused with what to write instead."""

from __future__ import annotations

import logging
import time
from datetime import date
from pathlib import Path

import pytest

from include.firehose.silences import FILE, InvalidSilence, Silence, SilenceFile, Silences, read

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
        (ENTRY.replace("2026-12-26", "2026-02-30"), "cannot be read as YAML: day is out of range"),
        ("- {series: [\n", "cannot be read as YAML"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused_with_what_to_write(tmp_path: Path, text: str, advice: str):
    with pytest.raises(InvalidSilence, match=advice):
        read(written(tmp_path, text))


def test_a_file_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "silences.yml"
    path.write_bytes(b"- {series: \xff}")
    with pytest.raises(InvalidSilence, match="cannot be read"):
        read(path)


def test_a_beginning_that_is_left_empty_is_from_now_on(tmp_path: Path):
    silences = read(written(tmp_path, ENTRY.replace("until", "from: '', until")))
    assert silences.of("af:dag:payments_hourly", TODAY)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path):
    with pytest.raises(InvalidSilence, match="cannot be read"):
        read(tmp_path / "none.yml")


def in_force(file: SilenceFile) -> bool:
    return file.current().of("af:dag:payments_hourly", TODAY) is not None


def test_a_silence_that_is_declared_or_withdrawn_while_a_process_runs_counts_without_a_restart(tmp_path: Path):
    path = written(tmp_path, "[]\n")
    file = SilenceFile(path)
    assert not in_force(file)
    written(tmp_path, ENTRY)
    assert in_force(file)
    path.write_text("[]\n")
    assert not in_force(file)


def test_a_file_that_may_be_read_at_last_is_read_though_its_content_is_as_old_as_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = written(tmp_path, "[]\n")
    file = SilenceFile(path)
    written(tmp_path, ENTRY)
    with monkeypatch.context() as forbidden:
        forbidden.setattr(Path, "read_text", lambda *_, **__: (_ for _ in ()).throw(PermissionError("not yours")))
        assert not in_force(file)
    time.sleep(0.02)
    path.chmod(0o600)
    assert in_force(file)


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = SilenceFile(written(tmp_path, ENTRY))
    monkeypatch.setattr(Path, "read_text", None)
    assert in_force(file)
    assert file.problem() == ""


@pytest.mark.parametrize("wrong", ["- {series: [\n", ENTRY.replace("reason", "why"), None])
def test_a_file_that_has_become_wrong_leaves_the_last_good_one_in_force_and_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, wrong: str | None
):
    path = written(tmp_path, ENTRY)
    file = SilenceFile(path)
    if wrong is None:
        path.unlink()
    else:
        path.write_text(wrong)
    for _ in range(3):
        assert in_force(file)
        assert file.problem().startswith("silences.yml")
    errors = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert errors[0].endswith("the silences declared before hold.")


def test_each_wrong_change_is_logged_and_the_good_one_ends_it(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    file = SilenceFile(written(tmp_path, ENTRY))
    for text in ("series: x\n", "- just a word\n"):
        written(tmp_path, text)
        assert file.problem()
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2
    written(tmp_path, "[]\n")
    assert file.problem() == ""
    assert not in_force(file)


def test_a_process_does_not_start_with_a_file_that_cannot_be_used(tmp_path: Path):
    with pytest.raises(InvalidSilence, match="must be a list"):
        SilenceFile(written(tmp_path, "series: x\n"))
