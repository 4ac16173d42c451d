"""Amplitude's Export API from a client's side: archives, hours, late events, errors, keys."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from tests.contracts.world.conftest import ANALYTICS_KEYS, START, MakeWorld, World, unpack


def test_an_export_is_a_zip_of_one_gzipped_file_per_hour(world: World) -> None:
    answer = world.export("20261120T00", "20261120T23").raise_for_status()
    assert answer.headers["content-type"] == "application/zip"
    files = unpack(answer.content)
    assert len(files) > 18
    for name, events in files.items():
        app, day, hour = re.fullmatch(r"(\d+)/\1_(\d{4}-\d\d-\d\d)_(\d{1,2})#0\.json\.gz", name).groups()  # type: ignore[union-attr]
        assert events
        for event in events:
            assert event["app"] == int(app)
            assert event["server_upload_time"].startswith(f"{day} {int(hour):02d}:")


def test_both_ends_of_the_range_are_whole_hours_of_it(world: World) -> None:
    day = unpack(world.export("20261120T00", "20261120T23").content)
    evening = unpack(world.export("20261120T18", "20261120T20").content)
    assert evening == {name: events for name, events in day.items() if re.search(r"_(18|19|20)#", name)}
    assert len(evening) == 3


def test_events_carry_amplitudes_fields(world: World) -> None:
    events = world.events(START - timedelta(days=2), START)
    stamp = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")
    for event in events:
        assert str(UUID(event["uuid"])) == event["uuid"]
        for name in ("event_time", "client_event_time", "server_upload_time", "server_received_time", "processed_time"):
            assert stamp.fullmatch(event[name])
        assert event["event_time"] <= event["server_upload_time"]
        assert event["user_properties"] == {}
        assert ("product_id" in event["event_properties"]) == (event["event_type"] == "product_viewed")
        assert ("order_id" in event["event_properties"]) == (event["event_type"] == "order_completed")
        assert event["device_id"]
        assert event["$insert_id"]
    assert len({event["uuid"] for event in events}) == len({event["$insert_id"] for event in events}) == len(events)


def test_a_buyer_has_one_device_and_visitors_without_name_are_there(world: World) -> None:
    devices: dict[str | None, set[str]] = {}
    for event in world.events(START - timedelta(days=2), START):
        devices.setdefault(event["user_id"], set()).add(event["device_id"])
    assert len(devices.pop(None)) > 100
    assert len(devices) > 100
    assert all(len(of_buyer) == 1 for of_buyer in devices.values())


def test_a_session_is_a_visit_then_views_then_a_checkout_then_an_order(world: World) -> None:
    ranks = ("shop_visited", "product_viewed", "checkout_started", "order_completed")
    sessions: dict[tuple[str, int], list[dict]] = {}
    for event in world.events(START - timedelta(days=5), START - timedelta(days=1)):
        sessions.setdefault((event["device_id"], event["session_id"]), []).append(event)
    whole = [events for events in sessions.values() if any(event["event_type"] == "shop_visited" for event in events)]
    assert len(whole) > 1_000
    for events in whole:
        events.sort(key=lambda event: event["event_time"])
        kinds = [ranks.index(event["event_type"]) for event in events]
        first = datetime.fromisoformat(f"{events[0]['event_time']}+00:00")
        assert kinds == sorted(kinds)
        assert events[0]["session_id"] == first.timestamp() * 1000


def test_some_events_come_late_and_none_before_its_upload(make_world: MakeWorld) -> None:
    busy = START + timedelta(hours=11)
    world = make_world(days=2, now=busy)
    begin, later = busy - timedelta(days=1), busy + timedelta(hours=8)
    now = busy.strftime("%Y-%m-%d %H:%M:%S.%f")
    before = {event["uuid"]: event for event in world.events(begin, busy)}
    assert max(event["server_upload_time"] for event in before.values()) <= now
    world.clock(now=later.isoformat())
    after = {event["uuid"]: event for event in world.events(begin, later)}
    assert before.items() <= after.items()
    new = [event for id_, event in after.items() if id_ not in before]
    assert all(event["server_upload_time"] > now for event in new)
    assert any(event["event_time"] < now[:13] for event in new)
    late = [event for event in after.values() if _delay(event) > timedelta(minutes=4)]
    assert 0.005 < len(late) / len(after) < 0.1
    assert max(map(_delay, late)) < timedelta(hours=7)


def _delay(event: dict) -> timedelta:
    return datetime.fromisoformat(event["server_upload_time"]) - datetime.fromisoformat(event["event_time"])


def test_the_same_hours_are_the_same_bytes(world: World) -> None:
    exports = [world.export("20261120T00", "20261121T23").content for _ in range(2)]
    assert exports[0] == exports[1]


@pytest.mark.parametrize(("start", "end"), [("20270101T00", "20270102T00"), ("20200101T00", "20200102T00")])
def test_hours_without_data_are_not_found(world: World, start: str, end: str) -> None:
    answer = world.export(start, end)
    assert answer.status_code == 404
    assert answer.text == "Raw data files were not found."


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-11-20", "20261120T23"),
        ("20261120T00", "20261120T24"),
        ("20261120T05", "20261120T04"),
        ("20251120T00", "20261120T00"),
    ],
)
def test_a_range_that_is_malformed_or_too_long_is_refused(world: World, start: str, end: str) -> None:
    answer = world.export(start, end)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(".") or "calendar" in answer.json()["error"]["message"]


def test_a_range_of_365_days_is_answered(world: World) -> None:
    assert world.export("20251121T00", "20261120T23").status_code == 200


@pytest.mark.parametrize("auth", [None, ("wrong", ANALYTICS_KEYS[1]), (ANALYTICS_KEYS[0], "wrong")])
def test_only_both_keys_open_the_export(world: World, auth: tuple[str, str] | None) -> None:
    assert world.export("20261120T00", "20261120T23", auth=auth).status_code == 401
