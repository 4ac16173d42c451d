"""Who is told to be missing, and in how few messages: simulated weeks with one thing going wrong in each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.firehose.beats.expected import hourly_rates, next_instant
from include.firehose.beats.judge import STORM, Outage, Surroundings
from include.firehose.beats.series import Arrival, BeatState, Schedule, ScheduleKind
from include.firehose.event import Event
from tests.unit.firehose.beats.world import START, Replay

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STEP = 5 * MINUTE
LEARNED = START + 21 * DAY
# Ten minutes, give or take a few, in a fixed pattern.
PATTERN = (600, 570, 640, 610, 660, 590, 620)


def dag(name: str, cron: str = "0 6 * * *", **more: object) -> Schedule:
    values = {"series": f"af:dag:{name}", "name": name, "kind": ScheduleKind.CRON, "cron": cron} | more
    return Schedule(**values)  # type: ignore[arg-type]


def after(name: str, *needs: str) -> Schedule:
    return Schedule(
        series=f"af:dag:{name}", name=name, kind=ScheduleKind.ASSET, needs=tuple((f"af:dag:{need}",) for need in needs)
    )


def beats(schedule: Schedule, start: datetime, end: datetime, *, extra: float = 0.0) -> list[Arrival]:
    """Every scheduled run of a DAG with a cron expression, on time or `extra` seconds later."""
    found, due = [], next_instant(schedule.cron, schedule.timezone, start)
    while due < end:
        delay = timedelta(seconds=PATTERN[len(found) % len(PATTERN)] + extra)
        found.append(Arrival(schedule.series, due + delay, run_after=due, started_at=due))
        due = next_instant(schedule.cron, schedule.timezone, due)
    return found


def following(arrivals: Sequence[Arrival], series: str) -> list[Arrival]:
    """The runs of a DAG that starts a minute after each of the arrivals."""
    return [
        replace(one, series=series, at=one.at + 6 * MINUTE, run_after=one.at + MINUTE, started_at=one.at + MINUTE)
        for one in arrivals
    ]


def world(*schedules: Schedule) -> Replay:
    """A world whose DAGs have been healthy for three weeks, and about which nothing was said."""
    replay = Replay()
    replay.book.declare("airflow", schedules, START)
    crons = [schedule for schedule in schedules if schedule.kind is ScheduleKind.CRON]
    healthy = {schedule.series: beats(schedule, START, LEARNED) for schedule in crons}
    for schedule in schedules:
        if schedule.kind is ScheduleKind.ASSET:
            healthy[schedule.series] = following(healthy[schedule.upstream[-1]], schedule.series)
    arrivals = [arrival for found in healthy.values() for arrival in found]
    assert replay.run(arrivals, START, LEARNED, STEP) == []
    return replay


def words(events: Iterable[Event]) -> list[tuple[str, str]]:
    """(name, word) of what was said."""
    return [(event.payload["series_name"], event.payload["word"]) for event in events]


def subjects(events: Iterable[Event]) -> set[str]:
    return {event.subject_key for event in events}


def test_a_beat_that_does_not_come_is_told_once_and_taken_back_in_the_same_message():
    replay = world(dag("orders"))
    said = replay.run([], LEARNED, LEARNED + 12 * HOUR, STEP)
    assert words(said) == [("orders", "missing")]
    due = LEARNED.replace(hour=6)
    assert said[0].event_id == f"beat:af:dag:orders:{due.isoformat()}:missing"
    assert said[0].subject_key == f"beat:af:dag:orders:{due.isoformat()}"
    assert due + 25 * MINUTE <= said[0].occurred_at <= due + 30 * MINUTE
    assert (said[0].payload["usual_from"], said[0].payload["learned_from"]) == ("2026-03-22T06:09:30+00:00", 21)
    came = Arrival("af:dag:orders", LEARNED + 12 * HOUR + MINUTE, run_after=due)
    back = replay.run([came], LEARNED + 12 * HOUR, LEARNED + 13 * HOUR, STEP)
    assert words(back) == [("orders", "back")]
    assert back[0].subject_key == said[0].subject_key
    assert back[0].payload["late_seconds"] == (6 * HOUR + MINUTE).total_seconds()


def test_a_dead_hourly_schedule_is_one_message_however_long_it_is_dead():
    hourly = dag("syncs", "0 * * * *")
    replay = world(hourly)
    said = replay.run([], LEARNED, LEARNED + 2 * DAY, STEP)
    assert words(said) == [("syncs", "missing")]
    back = replay.run(beats(hourly, LEARNED + 2 * DAY, LEARNED + 3 * DAY), LEARNED + 2 * DAY, LEARNED + 3 * DAY, STEP)
    assert words(back) == [("syncs", "back")]
    # Two days, and the midnight at both ends of them.
    assert back[0].payload["missed"] == 49
    assert back[0].payload["came_expected_at"] == (LEARNED + 2 * DAY + HOUR).isoformat()


def test_a_beat_that_is_only_late_is_not_told():
    orders = dag("orders")
    replay = world(orders)
    late = beats(orders, LEARNED, LEARNED + DAY, extra=400)
    assert replay.run(late, LEARNED, LEARNED + 6 * HOUR + 15 * MINUTE, STEP) == []
    assert [beat.state for beat in replay.book.open_beats()] == [BeatState.LATE]
    assert replay.run(late, LEARNED + 6 * HOUR + 15 * MINUTE, LEARNED + DAY, STEP) == []
    assert list(replay.book.open_beats()) == []


def test_what_waits_for_a_missing_series_is_listed_in_its_message_and_not_told_itself():
    orders, marts, report = dag("orders"), after("marts", "orders"), after("report", "marts")
    replay = world(orders, marts, report)
    said = replay.run([], LEARNED, LEARNED + DAY, STEP)
    assert words(said) == [("orders", "missing")]
    assert said[0].payload["waiting"] == ["marts", "report"]


def test_a_series_with_a_time_of_its_own_is_held_while_what_it_needs_is_missing():
    orders = dag("orders")
    report = dag("report", "10 6 * * *", needs=(("af:dag:orders",),))
    replay = world(orders, report)
    said = replay.run([], LEARNED, LEARNED + 4 * HOUR + 6 * HOUR, STEP)
    assert words(said) == [("orders", "missing")]
    came = Arrival("af:dag:orders", LEARNED + 10 * HOUR + MINUTE, run_after=LEARNED.replace(hour=6))
    assert words(replay.run([came], LEARNED + 10 * HOUR, LEARNED + 10 * HOUR + 20 * MINUTE, STEP)) == [
        ("orders", "back")
    ]
    alone = replay.run([], LEARNED + 10 * HOUR + 20 * MINUTE, LEARNED + 12 * HOUR, STEP)
    assert words(alone) == [("report", "missing")]


def test_a_downstream_run_that_does_not_start_although_all_is_there_is_told():
    orders, marts = dag("orders"), after("marts", "orders")
    replay = world(orders, marts)
    said = replay.run(beats(orders, LEARNED, LEARNED + DAY), LEARNED, LEARNED + DAY, STEP)
    assert words(said) == [("marts", "missing")]


def test_a_run_that_assets_start_before_the_run_that_writes_them_has_ended_is_in_time():
    orders, marts = dag("orders"), after("marts", "orders")
    replay = world(orders, marts)
    run = beats(orders, LEARNED, LEARNED + DAY)[0]
    early = Arrival(marts.series, run.at - MINUTE, run_after=run.at - 4 * MINUTE)
    assert replay.run([run, early], LEARNED, LEARNED + DAY, STEP) == []


def test_a_run_that_failed_is_a_beat_and_starts_nothing_else():
    orders, marts = dag("orders"), after("marts", "orders")
    replay = world(orders, marts)
    failed = [replace(one, ok=False) for one in beats(orders, LEARNED, LEARNED + DAY)]
    assert replay.run(failed, LEARNED, LEARNED + DAY, STEP) == []


def test_a_run_that_a_person_started_is_not_the_beat():
    orders = dag("orders")
    replay = world(orders)
    by_hand = [replace(one, counts=False) for one in beats(orders, LEARNED, LEARNED + DAY)]
    assert words(replay.run(by_hand, LEARNED, LEARNED + DAY, STEP)) == [("orders", "missing")]


def test_more_than_five_together_are_one_message_that_lists_them_and_is_over_when_all_are_back():
    dags = [dag(f"dag_{number}") for number in range(STORM + 3)]
    replay = world(*dags)
    said = replay.run([], LEARNED, LEARNED + 12 * HOUR, STEP)
    assert sorted(words(said)) == [(schedule.name, "missing") for schedule in dags]
    assert len(subjects(said)) == 1
    assert subjects(said).pop().startswith("beat:stopped:")
    noon = LEARNED + 12 * HOUR
    came = [Arrival(schedule.series, noon + MINUTE, run_after=LEARNED.replace(hour=6)) for schedule in dags]
    back = replay.run(came, noon, noon + HOUR, STEP)
    assert subjects(back) == subjects(said)
    assert {word for _, word in words(back)} == {"back"}


def test_five_together_are_five_messages():
    replay = world(*[dag(f"dag_{number}") for number in range(STORM)])
    assert len(subjects(replay.run([], LEARNED, LEARNED + DAY - HOUR, STEP))) == STORM


def test_those_told_just_before_a_storm_are_moved_into_its_message():
    dags = [dag(f"dag_{number}", f"{number} 6 * * *") for number in range(STORM + 1)]
    replay = world(*dags)
    said = replay.run([], LEARNED, LEARNED + 12 * HOUR, MINUTE)
    own = {event.subject_key for event in said if not event.subject_key.startswith("beat:stopped:")}
    moved = [event for event in said if event.payload["word"] == "joined"]
    assert {event.subject_key for event in moved} == own
    stopped = {event.series for event in said if event.subject_key.startswith("beat:stopped:")}
    assert 0 < len(own) == len(moved) <= STORM
    assert stopped >= {event.series for event in moved}


def test_while_nothing_at_all_comes_the_storms_message_takes_in_all_others():
    early = [dag(f"early_{number}") for number in range(STORM + 1)]
    late = [dag(f"late_{number}", f"0 {10 + number} * * *") for number in range(4)]
    replay = world(*early, *late)
    said = replay.run([], LEARNED, LEARNED + DAY, STEP)
    assert len(said) == len(early) + len(late)
    assert len(subjects(said)) == 1


def test_a_scheduler_that_is_down_stops_the_clocks_and_nobody_is_told():
    hourly, daily = dag("syncs", "0 * * * *"), dag("orders")
    replay = world(hourly, daily)
    down = Outage("af:dag:", LEARNED + 5 * HOUR + 50 * MINUTE)
    replay.around = Surroundings(outages=[down])
    assert replay.run(beats(hourly, LEARNED, down.since), LEARNED, LEARNED + 9 * HOUR, STEP) == []
    replay.around = Surroundings(outages=[replace(down, until=LEARNED + 9 * HOUR)])
    again = LEARNED + 9 * HOUR
    # Airflow runs the last of each that it has missed, and then goes on.
    catching_up = [
        Arrival(hourly.series, again + 15 * MINUTE, run_after=again),
        Arrival(daily.series, again + 15 * MINUTE, run_after=LEARNED.replace(hour=6)),
    ]
    rest = beats(hourly, again, LEARNED + DAY)
    assert replay.run([*catching_up, *rest], again, LEARNED + DAY, STEP) == []


def test_a_scheduler_that_is_up_again_and_runs_nothing_is_told():
    replay = world(dag("orders"))
    replay.around = Surroundings(outages=[Outage("af:dag:", LEARNED + 5 * HOUR, LEARNED + 8 * HOUR)])
    said = replay.run([], LEARNED, LEARNED + DAY - HOUR, STEP)
    assert words(said) == [("orders", "missing")]
    assert said[0].occurred_at > LEARNED + 8 * HOUR + 15 * MINUTE


def test_a_watch_that_has_slept_gives_what_should_have_come_meanwhile_its_time_again():
    hourly = dag("syncs", "0 * * * *")
    replay = world(hourly)
    morning = LEARNED + 10 * HOUR
    replay.around = Surroundings(resumed_at=morning)
    assert replay.run([], morning - MINUTE, morning, MINUTE) == []
    replay.around = Surroundings()
    late = Arrival(hourly.series, morning + 10 * MINUTE, run_after=morning)
    assert replay.run([late], morning, morning + HOUR, STEP) == []


@pytest.mark.parametrize("change", ["paused", "deleted"])
def test_a_paused_or_deleted_dag_is_expected_by_nobody(change: str):
    orders = dag("orders")
    replay = world(orders)
    gone = [replace(orders, paused=True)] if change == "paused" else []
    replay.book.declare("airflow", gone, LEARNED)
    assert replay.run([], LEARNED, LEARNED + 3 * DAY, STEP) == []


def test_a_dag_that_is_paused_after_it_was_missed_is_excused_in_its_message():
    orders = dag("orders")
    replay = world(orders)
    said = replay.run([], LEARNED, LEARNED + 12 * HOUR, STEP)
    replay.book.declare("airflow", [replace(orders, paused=True)], LEARNED + 12 * HOUR)
    excused = replay.run([], LEARNED + 12 * HOUR, LEARNED + 2 * DAY, STEP)
    assert words(excused) == [("orders", "excused")]
    assert subjects(excused) == subjects(said)


def test_a_dag_that_goes_on_after_a_pause_is_waited_for_again():
    orders = dag("orders")
    replay = world(orders)
    replay.book.declare("airflow", [replace(orders, paused=True)], LEARNED)
    replay.run([], LEARNED, LEARNED + 3 * DAY, STEP)
    replay.book.declare("airflow", [orders], LEARNED + 3 * DAY)
    assert words(replay.run([], LEARNED + 3 * DAY, LEARNED + 4 * DAY, STEP)) == [("orders", "missing")]


def test_a_holiday_that_was_declared_is_silent_and_the_day_after_is_not():
    replay = world(dag("orders"))
    replay.around = Surroundings(silence=lambda series: "Silenced until tomorrow by data: a holiday")
    assert replay.run([], LEARNED, LEARNED + DAY, STEP) == []
    replay.around = Surroundings()
    assert words(replay.run([], LEARNED + DAY, LEARNED + 2 * DAY, STEP)) == [("orders", "missing")]


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("start", [datetime(2026, 2, 15, tzinfo=UTC), datetime(2026, 10, 5, tzinfo=UTC)])
def test_changing_clocks_is_no_reason_to_say_anything(name: str, start: datetime):
    end = start + 50 * DAY
    dags = [dag("night", "30 2 * * *", timezone=name), dag("syncs", "5 * * * *", timezone=name)]
    replay = Replay()
    replay.book.declare("airflow", dags, start)
    arrivals = [arrival for schedule in dags for arrival in beats(schedule, start, end)]
    assert replay.run(arrivals, start, end, 20 * MINUTE) == []


def test_a_new_series_is_not_measured_by_anybody_elses_habits():
    replay = world(dag("orders"))
    young = dag("young", "0 7 * * *")
    replay.book.declare("airflow", [dag("orders"), young], LEARNED)
    slow = beats(young, LEARNED, LEARNED + 13 * DAY, extra=3 * 3600)
    usual = beats(dag("orders"), LEARNED, LEARNED + 13 * DAY)
    assert replay.run([*slow, *usual], LEARNED, LEARNED + 13 * DAY, STEP) == []


def test_a_new_series_that_never_comes_is_told_after_its_first_period():
    replay = Replay()
    replay.book.declare("airflow", [dag("young", "0 7 * * *")], START)
    said = replay.run([], START, START + 3 * DAY, STEP)
    assert [(event.payload["reason"], event.occurred_at) for event in said] == [("new", START + 31 * HOUR)]


def test_a_series_that_has_become_slower_for_good_is_told_five_times_and_then_learned():
    orders = dag("orders")
    replay = world(orders)
    slower = beats(orders, LEARNED, LEARNED + 40 * DAY, extra=3 * 3600)
    said = replay.run(slower, LEARNED, LEARNED + 40 * DAY, STEP)
    assert [word for _, word in words(said)] == ["missing", "back"] * 5


def test_an_outage_does_not_make_the_watch_patient():
    orders = dag("orders")
    replay = world(orders)
    late = Arrival(orders.series, LEARNED + 20 * HOUR, run_after=LEARNED.replace(hour=6))
    first = replay.run([late], LEARNED, LEARNED + DAY, STEP)
    second = replay.run([], LEARNED + DAY, LEARNED + 2 * DAY, STEP)
    assert second[0].occurred_at - first[0].occurred_at < DAY + 3 * MINUTE


def test_a_declared_cadence_counts_from_its_last_beat_and_from_its_declaration():
    query = Schedule(series="mq:crm", name="crm", kind=ScheduleKind.CADENCE, period=HOUR)
    replay = Replay()
    replay.book.declare("declared", [query], START)
    every_hour = [Arrival(query.series, START + number * HOUR + 5 * MINUTE) for number in range(48)]
    assert replay.run(every_hour, START, START + 2 * DAY, STEP) == []
    said = replay.run([], START + 2 * DAY, START + 3 * DAY, STEP)
    assert words(said) == [("crm", "missing")]
    never = Replay()
    never.book.declare("declared", [query], START)
    assert words(never.run([], START, START + DAY, STEP)) == [("crm", "missing")]


def test_pull_requests_that_stop_in_working_hours_are_told_when_chance_does_not_explain_it():
    rates = hourly_rates([(day * 24 + hour, 8) for day in range(5) for hour in range(9, 17)], 8)
    requests = Schedule(series="gh:pr:backbeat", name="backbeat", kind=ScheduleKind.RATE, rates=rates)
    monday = datetime(2026, 3, 23, tzinfo=UTC)
    replay = Replay()
    replay.book.declare("outbox", [requests], monday)
    friday_evening = [Arrival(requests.series, monday + 4 * DAY + 16 * HOUR)]
    assert replay.run(friday_evening, monday + 4 * DAY, monday + 7 * DAY + 12 * HOUR, STEP) == []
    said = replay.run([], monday + 7 * DAY + 12 * HOUR, monday + 8 * DAY, STEP)
    assert words(said) == [("backbeat", "missing")]
    heard = [Arrival(requests.series, monday + 8 * DAY + HOUR)]
    back = replay.run(heard, monday + 8 * DAY, monday + 8 * DAY + 2 * HOUR, STEP)
    assert words(back) == [("backbeat", "back")]


def test_entering_everything_twice_changes_nothing():
    orders, marts = dag("orders"), after("marts", "orders")
    once, twice = world(orders, marts), world(orders, marts)
    run = beats(orders, LEARNED, LEARNED + 2 * DAY)
    arrivals = [*run, *following(run[:1], marts.series)]
    again = [*arrivals, *(arrival for arrival in arrivals)]
    first = once.run(arrivals, LEARNED, LEARNED + 3 * DAY, STEP)
    second = twice.run(again, LEARNED, LEARNED + 3 * DAY, STEP)
    assert first == second
    assert once.book.series == twice.book.series
