"""The spool file: what is appended comes back once, whatever happens in between."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.firehose import spool
from include.firehose.event import Event, Kind
from include.settings.vocabulary import Severity


def event(number: int) -> Event:
    return Event(
        event_id=f"af:run:d:r{number}:success",
        kind=Kind.RUN,
        series="af:dag:d",
        subject_key=f"af:run:d:r{number}",
        occurred_at=datetime(2026, 11, 23, tzinfo=UTC),
        severity=Severity.INFO,
        payload={"state": "success", "text": "x" * 5000},
    )


def append_many(path: Path, first: int, count: int) -> None:
    for number in range(first, first + count):
        spool.append(path, event(number))


def test_events_come_back_in_order_and_only_once(tmp_path: Path):
    path, stored = tmp_path / "a" / "spool.jsonl", []
    append_many(path, 0, 3)
    assert spool.replay(path, stored.extend) == 3
    assert spool.replay(path, stored.extend) == 0
    assert [event.event_id for event in stored] == [event(number).event_id for number in range(3)]
    assert spool.waiting(path) == 0


def test_a_replay_that_fails_keeps_everything_and_what_came_since(tmp_path: Path):
    path, stored = tmp_path / "spool.jsonl", []
    append_many(path, 0, 2)

    def away(events: list[Event]) -> None:
        raise ConnectionError("the database is away")

    with pytest.raises(ConnectionError):
        spool.replay(path, away)
    append_many(path, 2, 1)
    assert spool.waiting(path) > 0
    while spool.replay(path, stored.extend):
        pass
    assert {event.event_id for event in stored} == {event(number).event_id for number in range(3)}


def test_no_line_is_lost_while_many_write_and_one_replays(tmp_path: Path):
    path, stored = tmp_path / "spool.jsonl", []
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=append_many, args=(path, 1000 * number, 40)) for number in range(3)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        spool.replay(path, stored.extend)
    for writer in writers:
        writer.join()
    while spool.replay(path, stored.extend):
        pass
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert sorted(event.event_id for event in stored) == sorted(
        event(1000 * writer + number).event_id for writer in range(3) for number in range(40)
    )


def test_a_torn_line_is_kept_aside_and_holds_up_nothing(tmp_path: Path):
    path, stored = tmp_path / "spool.jsonl", []
    append_many(path, 0, 1)
    with path.open("a") as file:
        file.write('{"event_id": "af:ru\n')
    append_many(path, 1, 1)
    assert spool.replay(path, stored.extend) == 2
    assert path.with_name("spool.jsonl.rejected").read_text() == '{"event_id": "af:ru\n'


def test_a_link_that_somebody_planted_is_not_followed(tmp_path: Path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "spool.jsonl").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic"):
        spool.append(tmp_path / "spool.jsonl", event(0))
    assert victim.read_text() == "precious"


def test_a_spool_at_its_limit_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spool, "LARGEST_BYTES", 100)
    append_many(tmp_path / "spool.jsonl", 0, 1)
    with pytest.raises(spool.SpoolFull, match="start the dispatcher"):
        append_many(tmp_path / "spool.jsonl", 1, 1)


def test_the_spool_can_be_read_by_its_account_only(tmp_path: Path):
    append_many(tmp_path / "new" / "spool.jsonl", 0, 1)
    assert (tmp_path / "new" / "spool.jsonl").stat().st_mode & 0o077 == 0
    assert (tmp_path / "new").stat().st_mode & 0o077 == 0
