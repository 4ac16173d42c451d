"""Which event a run of the REST API is, although the API does not say how often the run was cleared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from include.firehose.event import Event, Kind, RunState, run_event_id
from include.firehose.reconcile.attempts import Told
from include.firehose.reconcile.runs import DagRun, History, RunNews, Start, news, read
from include.firehose.run import fold
from include.settings.vocabulary import Severity

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
AGAIN = START + timedelta(hours=1)
NOW = START + timedelta(hours=3)


def run(state: str, *, start: datetime = START, seconds: int | None = 60) -> DagRun:
    end = start + timedelta(seconds=seconds) if seconds is not None and state != "running" else None
    row: dict[str, Any] = {
        "dag_id": "orders",
        "dag_run_id": "r",
        "state": state,
        "start_date": start.isoformat(),
        "end_date": end and end.isoformat(),
        "run_after": START.isoformat(),
        "run_type": "manual",
        "dag_versions": [{"id": "v1"}, {"id": "v2"}],
    }
    found = read(row)
    assert found is not None
    return found


class Outbox:
    """What the outbox would know after the events it was given."""

    def __init__(self) -> None:
        self.events: list[tuple[Event, bool]] = []

    def add(self, event: Event, *, by_rest: bool = False) -> None:
        self.events.append((event, by_rest))

    def callback(self, state: RunState, *, clear_number: int | None, start: datetime | None, at: datetime) -> None:
        payload = {"state": state.value, "clear_number": clear_number, "run_started_at": start and start.isoformat()}
        event_id = run_event_id("orders", "r", state, clear_number=clear_number or 0)
        kept = {key: value for key, value in payload.items() if value is not None}
        self.add(Event(event_id, Kind.RUN, "s", "af:run:orders:r", at, Severity.INFO, kept))

    def task(self, *, clear_number: int, start: datetime, at: datetime) -> None:
        payload = {
            "task_id": "a",
            "state": "success",
            "try_number": clear_number + 1,
            "clear_number": clear_number,
            "run_started_at": start.isoformat(),
        }
        self.add(Event(f"t{clear_number}", Kind.TASK, "s", "af:run:orders:r", at, Severity.INFO, payload))

    def tell(self, seen: DagRun, now: datetime = NOW) -> RunNews | None:
        found = news(seen, self.history, now)
        if found is not None:
            known = {event.event_id for event, _ in self.events}
            told = found.event({})
            self.events = [(event, by_rest or event.event_id == told.event_id) for event, by_rest in self.events]
            if told.event_id not in known:
                self.add(told, by_rest=True)
        return found

    @property
    def history(self) -> History:
        told = [
            Told(event.event_id, event.payload["state"], event.occurred_at, by_rest, payload=event.payload)
            for event, by_rest in self.events
            if event.kind is Kind.RUN
        ]
        starts = []
        for event, _ in self.events:
            begun = event.payload.get("run_started_at")
            starts.append(Start(event.payload.get("clear_number"), datetime.fromisoformat(begun) if begun else None))
        return History(told, starts)

    @property
    def state(self) -> RunState:
        return fold(event for event, _ in self.events).state


def test_a_run_that_starts_is_told_and_goes_on():
    outbox = Outbox()
    found = outbox.tell(run("running"))
    assert found is not None
    assert found.event_id == "af:run:orders:r:running"
    assert (found.occurred_at, outbox.state) == (START, RunState.RUNNING)
    assert "ended_at" not in found.event({}).payload
    assert outbox.tell(run("running")) is None


def test_a_queued_run_is_no_event():
    row = {"state": "queued", "dag_id": "orders", "dag_run_id": "r"}
    assert read(row) is None


def test_an_end_has_the_id_of_the_callback_that_comes_later_or_came_before():
    first = Outbox()
    first.tell(run("running"))
    found = first.tell(run("failed"))
    assert found is not None
    assert (found.event_id, first.state) == ("af:run:orders:r:failed", RunState.FAILED)
    assert first.tell(run("failed")) is None
    late = Outbox()
    late.callback(RunState.FAILED, clear_number=0, start=START, at=START + timedelta(seconds=60))
    found = late.tell(run("failed"))
    assert found is not None
    assert found.event_id == "af:run:orders:r:failed"
    assert late.tell(run("failed")) is None


def test_a_cleared_run_goes_on_under_the_number_that_its_callbacks_will_use():
    outbox = Outbox()
    outbox.tell(run("failed"))
    found = outbox.tell(run("running", start=AGAIN))
    assert found is not None
    assert (found.event_id, outbox.state) == ("af:run:orders:r:running:r1", RunState.RUNNING)
    end = outbox.tell(run("success", start=AGAIN))
    assert end is not None
    assert (end.event_id, outbox.state) == ("af:run:orders:r:success:r1", RunState.SUCCESS)


def test_a_run_that_was_cleared_twice_unseen_takes_the_number_of_its_tasks():
    outbox = Outbox()
    outbox.tell(run("failed"))
    outbox.task(clear_number=2, start=AGAIN, at=AGAIN + timedelta(seconds=10))
    end = outbox.tell(run("failed", start=AGAIN))
    assert end is not None
    assert end.event_id == "af:run:orders:r:failed:r2"


def test_a_run_that_is_cleared_while_it_runs_ends_under_the_later_number():
    outbox = Outbox()
    outbox.tell(run("running"))
    outbox.task(clear_number=1, start=START, at=START + timedelta(seconds=10))
    assert outbox.tell(run("running")) is not None, "the round that the task speaks of is under way"
    end = outbox.tell(run("success"))
    assert end is not None
    assert (end.event_id, outbox.state) == ("af:run:orders:r:success:r1", RunState.SUCCESS)


def test_the_same_end_after_a_clearing_is_another_event():
    outbox = Outbox()
    outbox.tell(run("failed"))
    end = outbox.tell(run("failed", start=AGAIN))
    assert end is not None
    assert end.event_id == "af:run:orders:r:failed:r1"


def test_an_end_whose_callback_knew_nothing_of_the_run_is_not_told_twice():
    outbox = Outbox()
    outbox.callback(RunState.FAILED, clear_number=None, start=None, at=START + timedelta(seconds=63))
    found = outbox.tell(run("failed"))
    assert found is not None
    assert found.event_id == "af:run:orders:r:failed"
    assert len(outbox.events) == 1


def test_a_run_that_is_marked_by_hand_shows_the_mark():
    for before, after in [("failed", "success"), ("success", "failed")]:
        outbox = Outbox()
        outbox.tell(run(before))
        found = outbox.tell(run(after))
        assert found is not None
        assert (found.corrects, found.occurred_at, outbox.state) == (True, NOW, RunState(after))
        back = outbox.tell(run(before), NOW + timedelta(minutes=1))
        assert back is not None
        assert outbox.state is RunState(before)
        assert outbox.tell(run(before)) is None


def test_an_answer_that_was_overtaken_changes_nothing():
    outbox = Outbox()
    outbox.tell(run("failed"))
    assert outbox.tell(run("running")) is None
    outbox.tell(run("running", start=AGAIN))
    assert outbox.tell(run("failed")) is None
    assert outbox.state is RunState.RUNNING


def test_a_run_that_ended_before_it_started_is_told():
    never = read(
        {
            "dag_id": "orders",
            "dag_run_id": "r",
            "state": "failed",
            "start_date": None,
            "end_date": None,
            "run_after": START.isoformat(),
            "run_type": "manual",
            "dag_versions": [],
        }
    )
    assert never is not None
    found = news(never, History(), NOW)
    assert found is not None
    assert (found.event_id, found.occurred_at) == ("af:run:orders:r:failed", NOW)
