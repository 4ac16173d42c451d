"""The watch over a real outbox: three healthy weeks, then one thing goes wrong; the right messages, each taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from include.firehose import database, tables
from include.firehose.beats.expected import next_instant
from include.firehose.beats.series import Schedule, ScheduleKind, SchedulesUnknown
from include.firehose.beats.store import late_series
from include.firehose.beats.watch import BeatWatch
from include.firehose.event import Event, Kind, RunState, health_subject, run_event_id, run_subject
from include.firehose.event import Road as Via
from include.firehose.outbox import store
from include.firehose.silences import Silence, Silences
from include.settings.vocabulary import Severity
from tests.integration.firehose.road import Road

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# A Monday; the weeks before it hold the spring change of clocks in Berlin.
TODAY = datetime(2026, 4, 13, tzinfo=UTC)
BEGAN = TODAY - 21 * DAY
PATTERN = (600, 570, 640, 610, 660, 590, 620)
STEP = 10 * MINUTE


def dag(name: str, cron: str = "0 6 * * *", **more: object) -> Schedule:
    values = {"series": f"af:dag:{name}", "name": name, "kind": ScheduleKind.CRON, "cron": cron} | more
    return Schedule(**values)  # type: ignore[arg-type]


ORDERS, SYNCS = dag("orders"), dag("syncs", "0 * * * *")
NIGHT = dag("night", "30 2 * * *", timezone="Europe/Berlin")
MARTS = Schedule(series="af:dag:marts", name="marts", kind=ScheduleKind.ASSET, needs=((ORDERS.series,),))
ALL = (ORDERS, SYNCS, NIGHT, MARTS)


def ended(schedule: Schedule, due: datetime, at: datetime, *, run_type: str = "scheduled") -> Event:
    """A DAG run's end, as a callback reports it."""
    run_id = f"{run_type}__{due.isoformat()}"
    payload = {"dag_id": schedule.name, "run_id": run_id, "run_type": run_type, "state": "success"}
    return Event(
        event_id=run_event_id(schedule.name, run_id, RunState.SUCCESS),
        kind=Kind.RUN,
        series=schedule.series,
        subject_key=run_subject(schedule.name, run_id),
        occurred_at=at,
        severity=Severity.INFO,
        payload={**payload, "run_after": due.isoformat(), "run_started_at": due.isoformat()},
    )


def runs(schedule: Schedule, start: datetime, end: datetime) -> Iterator[Event]:
    """Every run of a healthy DAG that is due from `start` on and before `end`."""
    due, number = next_instant(schedule.cron, schedule.timezone, start - timedelta(seconds=1)), 0
    while due < end:
        yield ended(schedule, due, due + timedelta(seconds=PATTERN[number % len(PATTERN)]))
        due, number = next_instant(schedule.cron, schedule.timezone, due), number + 1


def marts_after(orders: Iterable[Event]) -> Iterator[Event]:
    for one in orders:
        due = one.occurred_at + MINUTE
        yield ended(MARTS, due, due + 5 * MINUTE, run_type="asset_triggered")


@dataclass
class Declared:
    """Schedules as a source knows them, or does not know them at the moment."""

    known: Sequence[Schedule] = ALL
    source: str = "airflow"
    away: bool = False

    def schedules(self, now: datetime) -> Sequence[Schedule]:
        if self.away:
            raise SchedulesUnknown("Airflow does not answer.")
        return self.known


@dataclass
class Days:
    """An outbox, and simulated days in it."""

    outbox: Engine
    schedules: Declared = field(default_factory=Declared)
    silences: Silences = field(default_factory=Silences)
    now: datetime = BEGAN

    def report(self, events: Iterable[Event]) -> None:
        with self.outbox.begin() as connection:
            store(connection, list(events), Via.CALLBACK)

    def watch(self) -> BeatWatch:
        return BeatWatch(self.outbox, [self.schedules], lambda: self.silences)

    def until(self, end: datetime, *, healthy: Iterable[Schedule] = (), events: Iterable[Event] = ()) -> None:
        """Let time pass: what is healthy beats, the events happen, and a new watch judges every ten minutes."""
        ahead = sorted(
            [*events, *(run for schedule in healthy for run in runs(schedule, self.now, end))],
            key=lambda event: event.occurred_at,
        )
        while self.now < end:
            self.now += STEP
            due = [event for event in ahead if event.occurred_at <= self.now]
            ahead = ahead[len(due) :]
            if due:
                self.report(due)
            self.watch().round(self.now)

    def said(self) -> list[tuple[str, str]]:
        """(series, word) of all that was said, in its order."""
        event = tables.event
        query = select(event.c.series, event.c.payload["word"].astext).where(event.c.kind == Kind.BEAT)
        with self.outbox.begin() as connection:
            rows = connection.execute(query.order_by(event.c.occurred_at, event.c.event_id))
            return [(row[0], row[1]) for row in rows]

    def messages(self) -> set[str]:
        """The subjects of what was said: as many messages."""
        event = tables.event
        with self.outbox.begin() as connection:
            return set(connection.scalars(select(event.c.subject_key).where(event.c.kind == Kind.BEAT)))


@pytest.fixture
def days(road: Road) -> Iterator[Days]:
    """Three healthy weeks that were in the outbox before the watch began, and its first round."""
    road.rows("truncate series, beat, cursor")
    outbox = database.engine(road.postgres.dsn("firehose").replace("postgresql://", "postgresql+psycopg://"))
    days = Days(outbox)
    orders = list(runs(ORDERS, BEGAN, TODAY))
    days.report([*orders, *runs(SYNCS, BEGAN, TODAY), *runs(NIGHT, BEGAN, TODAY), *marts_after(orders)])
    days.now = TODAY
    days.watch().round(TODAY)
    assert days.said() == []
    yield days
    outbox.dispose()


def healthy_marts(days: Days, end: datetime) -> Iterator[Event]:
    return marts_after(runs(ORDERS, days.now, end))


def test_a_healthy_day_is_silent(days: Days):
    end = TODAY + DAY
    days.until(end, healthy=[ORDERS, SYNCS, NIGHT], events=healthy_marts(days, end))
    assert days.said() == []
    with days.outbox.begin() as connection:
        due = tables.beat.c.expected_at.between(TODAY + HOUR, end - MINUTE)
        assert set(connection.scalars(select(tables.beat.c.state).where(due))) == {"came"}


def test_a_source_that_stops_delivering_is_one_message_that_is_resolved_in_place(days: Days):
    noon = TODAY + 12 * HOUR
    days.until(noon, healthy=[SYNCS, NIGHT])
    assert days.said() == [(ORDERS.series, "missing")]
    late = ended(ORDERS, TODAY.replace(hour=6), noon + 2 * MINUTE)
    days.until(noon + HOUR, healthy=[SYNCS, NIGHT], events=[late, *marts_after([late])])
    assert days.said() == [(ORDERS.series, "missing"), (ORDERS.series, "back")]
    assert days.messages() == {f"beat:af:dag:orders:{TODAY.replace(hour=6).isoformat()}"}


def test_a_dead_schedule_is_one_message_however_many_beats_it_misses(days: Days):
    end = TODAY + 20 * HOUR
    days.until(end, healthy=[ORDERS, NIGHT], events=healthy_marts(days, end))
    assert days.said() == [(SYNCS.series, "missing")]
    days.until(TODAY + DAY, healthy=[SYNCS])
    assert days.said() == [(SYNCS.series, "missing"), (SYNCS.series, "back")]


def test_what_waits_for_a_late_upstream_is_inhibited(days: Days):
    days.until(TODAY + 12 * HOUR, healthy=[SYNCS, NIGHT])
    with days.outbox.begin() as connection:
        payload = connection.scalar(select(tables.event.c.payload).where(tables.event.c.kind == Kind.BEAT))
    assert len(days.messages()) == 1
    assert payload["waiting"] == ["marts"]


def test_a_change_of_clocks_is_no_message(days: Days):
    autumn = datetime(2026, 10, 24, 12, tzinfo=UTC)
    days.now = autumn
    for schedule in (ORDERS, SYNCS, NIGHT):
        days.report(runs(schedule, autumn - 2 * DAY, autumn))
    days.report(marts_after(runs(ORDERS, autumn - 2 * DAY, autumn)))
    days.watch().round(autumn)
    days.until(autumn + 2 * DAY, healthy=[ORDERS, SYNCS, NIGHT], events=healthy_marts(days, autumn + 2 * DAY))
    assert days.said() == []


def test_a_declared_holiday_is_no_message(days: Days):
    days.silences = Silences((Silence("af:dag:*", "Easter", "data", until=date(2026, 4, 13)),))
    days.until(TODAY + 22 * HOUR)
    assert days.said() == []
    days.until(TODAY + DAY + 12 * HOUR, healthy=[SYNCS, NIGHT])
    assert days.said() == [(ORDERS.series, "missing")]


def test_a_new_series_is_no_message(days: Days):
    young = dag("young", "0 7 * * *")
    days.schedules.known = (*ALL, young)
    slow = [ended(young, TODAY.replace(hour=7), TODAY + 15 * HOUR)]
    end = TODAY + DAY
    days.until(end, healthy=[ORDERS, SYNCS, NIGHT], events=[*slow, *healthy_marts(days, end)])
    assert days.said() == []


def test_a_paused_dag_is_no_message(days: Days):
    days.schedules.known = (replace(ORDERS, paused=True), SYNCS, NIGHT, MARTS)
    days.until(TODAY + DAY, healthy=[SYNCS, NIGHT])
    assert days.said() == []


def test_a_scheduler_that_is_down_is_told_by_its_own_message_alone(days: Days):
    since = TODAY + 5 * HOUR
    down = Event(
        event_id=f"{health_subject('scheduler', since)}:down",
        kind=Kind.HEALTH,
        series="af:health:scheduler",
        subject_key=health_subject("scheduler", since),
        occurred_at=since,
        severity=Severity.ERROR,
        payload={"component": "scheduler", "state": "down", "since": since.isoformat()},
    )
    days.until(since, healthy=[SYNCS, NIGHT])
    days.until(TODAY + 20 * HOUR, events=[down])
    assert days.said() == []


def test_while_airflow_does_not_answer_its_last_known_schedules_hold(days: Days):
    days.schedules.away = True
    days.until(TODAY + 12 * HOUR, healthy=[SYNCS, NIGHT])
    assert days.said() == [(ORDERS.series, "missing")]


def test_two_watches_at_once_and_a_round_repeated_say_everything_once(days: Days):
    days.until(TODAY + 6 * HOUR + 20 * MINUTE, healthy=[SYNCS, NIGHT])
    now, written = TODAY + 6 * HOUR + 30 * MINUTE, []
    watches = [BeatWatch(database.engine(str(days.outbox.url.render_as_string(False))), [days.schedules]) for _ in "ab"]
    threads = [threading.Thread(target=lambda one=one: written.append(one.round(now))) for one in watches * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for watch in watches:
        watch.outbox.dispose()
    assert sum(written) == 1
    assert days.said() == [(ORDERS.series, "missing")]


def test_a_round_that_dies_before_its_commit_leaves_nothing_and_is_made_good(
    days: Days, monkeypatch: pytest.MonkeyPatch
):
    days.until(TODAY + 6 * HOUR + 20 * MINUTE, healthy=[SYNCS, NIGHT])

    def dies(*anything: object) -> None:
        raise ConnectionError("the network is gone")

    watch = days.watch()
    with monkeypatch.context() as patched:
        patched.setattr("include.firehose.beats.watch.move_watermark", dies)
        with pytest.raises(ConnectionError):
            watch.round(TODAY + 6 * HOUR + 30 * MINUTE)
    assert days.said() == []
    days.until(TODAY + 6 * HOUR + 30 * MINUTE)
    assert days.said() == [(ORDERS.series, "missing")]


def pull_request(at: datetime) -> Event:
    return Event(
        event_id=f"gh:pr:backbeat:1:synchronize:{at.isoformat()}",
        kind=Kind.PULL_REQUEST,
        series="gh:pr:backbeat",
        subject_key="gh:pr:backbeat:1",
        occurred_at=at,
        severity=Severity.INFO,
        payload={"number": 1},
    )


def working_hours(start: datetime, end: datetime) -> Iterator[Event]:
    """Something in every working hour, and in some of them ten times."""
    for hour in range(int((end - start) / HOUR)):
        at = start + hour * HOUR
        if at.weekday() < 5 and 9 <= at.hour < 17:
            yield from (pull_request(at + minute * MINUTE) for minute in range(1, 11 if at.hour == 9 else 2))


def test_pull_requests_that_stop_on_a_working_day_are_told(days: Days):
    days.schedules.known = ()
    days.report(working_hours(TODAY - 9 * 7 * DAY, TODAY + 12 * HOUR))
    days.now = TODAY + 12 * HOUR
    days.watch().round(days.now)
    days.until(days.now + 4 * HOUR)
    assert days.said() == []
    # Seven busy hours later, and as long again as the watch was not there.
    days.until(TODAY + DAY + 14 * HOUR)
    assert days.said() == [("gh:pr:backbeat", "missing")]
    days.until(TODAY + DAY + 15 * HOUR, events=[pull_request(TODAY + DAY + 14 * HOUR + MINUTE)])
    assert days.said() == [("gh:pr:backbeat", "missing"), ("gh:pr:backbeat", "back")]


def test_a_weekend_without_pull_requests_is_no_message(days: Days):
    days.schedules.known = ()
    saturday = TODAY + 5 * DAY
    days.report(working_hours(TODAY - 9 * 7 * DAY, saturday))
    days.now = saturday
    days.watch().round(saturday)
    days.until(saturday + 2 * DAY + 12 * HOUR)
    assert days.said() == []


def test_the_pulse_is_told_which_series_were_late(days: Days):
    end = TODAY + 12 * HOUR
    late = ended(ORDERS, TODAY.replace(hour=6), TODAY.replace(hour=6) + 20 * MINUTE)
    days.until(end, healthy=[SYNCS, NIGHT], events=[late, *marts_after([late])])
    assert days.said() == []
    assert late_series(days.outbox, TODAY, TODAY + DAY) == ["orders"]
    assert late_series(days.outbox, TODAY + DAY, TODAY + 2 * DAY) == []


def test_a_round_needs_to_know_its_time_zone(days: Days):
    with pytest.raises(ValueError, match="time zone"):
        days.watch().round(datetime(2026, 4, 13, 6, 0))


def test_a_missing_beat_is_posted_once_and_edited_when_it_comes(road: Road, days: Days):
    road.rows("truncate event, subject, delivery, delivery_event")
    noon = TODAY + 12 * HOUR
    days.until(noon)
    road.rows("delete from event where kind <> 'firehose.beat'")
    road.dispatcher()
    missing = "◌ orders has not come. Usually 06:09-06:11, now 06:25."
    road.wait(lambda: missing in road.texts(), "the missing beat was posted")
    posted = next(message["ts"] for message in road.messages() if message["text"] == missing)
    days.report([ended(ORDERS, TODAY.replace(hour=6), noon + 2 * MINUTE)])
    days.until(noon + STEP)
    came = "● orders came at 12:02, 6h02m late"
    road.wait(lambda: came in road.texts(), "it was taken back")
    assert [message["ts"] for message in road.messages() if message["text"] == came] == [posted]
