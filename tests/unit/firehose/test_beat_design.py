"""The message of a missing beat: what is usual, what waits, and one calm line once it is over."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.firehose.beats import words
from include.firehose.beats.series import Beat, Reason, Schedule, ScheduleKind, Series, Word
from include.firehose.blocks import MAX_BLOCKS, MAX_CHARS, MAX_TEXT_BYTES, size
from include.firehose.designs.beat import tell
from include.firehose.designs.style import RED
from include.firehose.designs.telling import Priority, Setting
from include.firehose.event import Event
from tests.messages import shown, strings

DUE = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
SETTING = Setting(airflow_url="http://airflow.test")
DELAYS = tuple(
    float(seconds) for seconds in (250, 270, 300, 420, 600, 700, 840, 900, 1000, 1100, 1140, 1140, 1150, 1160)
)


def series(name: str = "stripe_sync", **more: Any) -> Series:
    values = {"series": f"af:dag:{name}", "name": name, "kind": ScheduleKind.CRON, "cron": "0 6 * * *"}
    schedule = Schedule(**values | {"owner": "data", "url": f"http://airflow.test/dags/{name}"} | more)  # type: ignore[arg-type]
    return Series("airflow", schedule, delays=DELAYS, last_seen_at=DUE - timedelta(days=1))


def beat(of: Series, *, subject_key: str = "", reason: Reason = Reason.USUAL) -> Beat:
    return Beat(
        series=of.schedule.series,
        expected_at=DUE,
        counted_from=DUE,
        clock_from=DUE,
        window_from=DUE,
        missing_after=62 * 60.0,
        late_after=1160.0,
        reason=reason,
        subject_key=subject_key,
    )


def missing(of: Series, *, subject_key: str = "", word: Word = Word.MISSING, waiting: tuple[str, ...] = ()) -> Event:
    return words.missing(beat(of, subject_key=subject_key), of, word=word, waiting=waiting)


def back(of: Series, minutes: int, *, subject_key: str = "") -> Event:
    owed = beat(of, subject_key=subject_key)
    return words.back(owed, of, arrived_at=DUE + timedelta(minutes=minutes), came=owed, missed=0)


def test_a_missing_beat_says_what_is_usual_and_what_the_clock_shows():
    telling = tell([missing(series(), waiting=("marts", "report"))], SETTING)
    assert telling.message.text == "◌ stripe_sync has not come. Usually 06:04-06:19, now 07:02."
    assert telling.message.attachments[0]["color"] == RED
    text = shown(telling.message)
    assert "last seen 2026-11-22 06:00 · owner data · learned from 14 beats" in text
    assert "waits for it: marts, report" in text
    assert "http://airflow.test/dags/stripe_sync" in text
    assert (telling.state, telling.priority, telling.over) == ("missing", Priority.FAILURE, False)


def test_times_are_those_of_the_readers_clock():
    telling = tell([missing(series())], Setting("http://airflow.test", ZoneInfo("Europe/Berlin")))
    assert telling.message.text == "◌ stripe_sync has not come. Usually 07:04-07:19, now 08:02."


def test_a_beat_that_came_is_one_calm_line():
    telling = tell([missing(series()), back(series(), 91)], SETTING)
    assert telling.message.text == "● stripe_sync came at 07:31, 91 min late"
    assert telling.message.attachments == []
    assert (telling.state, telling.priority, telling.over) == ("over", Priority.MILESTONE, True)


def test_a_series_that_beats_again_says_how_many_beats_never_came():
    owed = beat(series())
    later = Beat(**{**vars(owed), "expected_at": DUE + timedelta(hours=3)})
    event = words.back(owed, series(), arrived_at=DUE + timedelta(hours=3, minutes=10), came=later, missed=3)
    telling = tell([missing(series()), event], SETTING)
    assert telling.message.text == "● stripe_sync beats again since 09:10; 3 beats never came"


def test_a_beat_that_was_due_on_another_day_shows_the_day():
    telling = tell([missing(series()), back(series(), 26 * 60)], SETTING)
    assert telling.message.text == "● stripe_sync came at 2026-11-24 08:00, 26h00m late"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason.NEXT_BEAT, "The next one was due before it came."),
        (Reason.DEADLINE, "Its declared deadline has passed."),
        (Reason.NEW, "It is too new to know what is usual."),
    ],
)
def test_a_line_that_was_not_learned_is_named(reason: Reason, said: str):
    event = words.missing(beat(series(), reason=reason), series(), word=Word.MISSING, waiting=())
    assert said in shown(tell([event], SETTING).message)


def test_a_new_series_says_when_it_was_due():
    young = Series("airflow", series().schedule)
    telling = tell([missing(young)], SETTING)
    assert telling.message.text == "◌ stripe_sync has not come. Due 06:00, now 07:02."
    assert "never seen before" in shown(telling.message)


def test_what_has_no_schedule_is_silent_since_it_was_last_heard():
    rated = series(kind=ScheduleKind.RATE, rates=(0.1,) * 168)
    telling = tell([missing(rated)], SETTING)
    assert telling.message.text == "◌ stripe_sync is silent since 06:00."
    over = tell([missing(rated), back(rated, 90)], SETTING)
    assert over.message.text == "● stripe_sync is heard again since 07:30."


def test_a_silenced_series_is_told_without_colour():
    silenced = Setting("http://airflow.test", silenced="Silenced until 2026-12-01 by data: moving house")
    telling = tell([missing(series())], silenced)
    assert telling.message.attachments == []
    assert telling.priority is Priority.MILESTONE
    assert "moving house" in shown(telling.message)


def test_a_beat_that_nobody_waits_for_any_more_is_over():
    excused = words.excused(beat(series()), series(), now=DUE + timedelta(hours=2), why="It was paused.")
    telling = tell([missing(series()), excused], SETTING)
    assert telling.message.text == "○ stripe_sync is no longer expected. It was paused."
    assert telling.over


def test_all_that_stopped_together_are_one_list_that_shrinks():
    key = words.stopped_key(DUE)
    names = [series(f"dag_{number}") for number in range(8)]
    events = [missing(one, subject_key=key) for one in names]
    telling = tell(events, SETTING)
    assert telling.message.text.startswith("◌ The beat has stopped · 8 of 8 series have not come since 07:02: dag_0, ")
    assert "dag_7: Usually 06:04-06:19, now 07:02." in shown(telling.message)
    some = tell([*events, *(back(one, 91, subject_key=key) for one in names[:5])], SETTING)
    assert "3 of 8 series have not come" in some.message.text
    over = tell([*events, *(back(one, 91, subject_key=key) for one in names)], SETTING)
    assert over.message.text == "● The beat is back · 8 of 8 series beat again · 07:02-07:31"
    assert over.message.attachments == []
    assert (over.over, telling.over, telling.series) == (True, False, "beat:stopped")


def test_the_order_of_the_events_does_not_matter():
    events = [
        missing(series()),
        back(series(), 91),
        words.excused(beat(series()), series(), now=DUE, why="It is gone."),
    ]
    tellings = [tell(order, SETTING) for order in itertools.permutations(events)]
    assert all(telling == tellings[0] for telling in tellings)


def test_foreign_names_stay_text_and_within_slacks_limits():
    dice = random.Random(13)
    nasty = ["<!channel>", "<@U123>", "*bold*", "password=hunter2hunter2", "\u202e", "`", "é" * 300, "{{ 7*7 }}"]
    for count in (1, 3, 60):
        names = ["".join(dice.choices(nasty, k=4)) + str(number) for number in range(count)]
        many = [
            series(name, series=f"af:dag:{number}", url=f"http://airflow.test/{'x' * dice.randrange(3000)}")
            for number, name in enumerate(names)
        ]
        key = words.stopped_key(DUE) if count > 1 else ""
        events = [missing(one, subject_key=key, waiting=tuple(names) * 3) for one in many]
        message = tell(events, SETTING).message
        assert len(message.text.encode()) <= MAX_TEXT_BYTES
        assert "<!channel>" not in message.text
        assert "hunter2" not in message.text + shown(message)
        blocks = message.blocks + message.attachments[0]["blocks"]
        assert len(blocks) <= MAX_BLOCKS
        assert size(message.blocks) <= MAX_CHARS
        assert size(message.attachments[0]["blocks"]) <= MAX_CHARS
        assert not any('"type": "mrkdwn"' in text for text in strings(message.body()))


def test_a_beat_without_an_event_is_refused():
    with pytest.raises(ValueError, match="at least one event"):
        tell([], SETTING)
