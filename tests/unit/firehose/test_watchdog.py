"""The watchdog: what is well, doubtful and ill; and the calls it makes while the outbox itself is away."""

from __future__ import annotations

import logging
import socket
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine

from include.firehose import watchdog
from include.firehose.vitals import OUTBOX_SECONDS, Verdict, Vitals, judge, judge_absence
from include.firehose.watchdog import Watchdog
from tests.receiver import Receiver, receiving
from tests.standins import free_port

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LONG = 3600.0
GOOD = Vitals(beat=0.4, due=1.0, sent=2.0)
REVOKED = "Slack answers token_revoked: mend the token, its scopes or the channel."


def verdict(vitals: Vitals, *, watching: float = LONG, still: float | None = 10.0) -> Verdict:
    return judge(vitals, watching=watching, still=still)


@pytest.mark.parametrize(
    "vitals",
    [
        GOOD,
        # A quiet night: nothing was sent for hours, and nothing waits.
        Vitals(beat=0.4, sent=30_000.0),
        Vitals(beat=0.4),
        # A message of the last minutes waits behind others.
        Vitals(beat=0.4, due=599.0, sent=1.0),
        # Slack drains an hour's backlog.
        Vitals(beat=0.4, due=3600.0, sent=1.0),
    ],
)
def test_a_firehose_that_works_is_well(vitals: Vitals):
    assert verdict(vitals).well


@pytest.mark.parametrize(
    ("vitals", "words"),
    [
        (Vitals(beat=180.0), "No dispatcher has worked for 3m00s"),
        (Vitals(), "No dispatcher has ever worked"),
        (Vitals(beat=0.4, trouble=REVOKED, due=20.0, sent=30.0), "token_revoked"),
        (Vitals(beat=0.4, due=600.0, sent=600.0), "a message has waited for 10m00s"),
        (Vitals(beat=0.4, due=600.0), "a message has waited for 10m00s"),
        (Vitals(beat=0.4, trouble="Slack cannot be reached: refused", due=600.0, sent=700.0), "cannot be reached"),
    ],
)
def test_what_keeps_every_message_back_is_alarmed(vitals: Vitals, words: str):
    assert words in verdict(vitals).alarm


@pytest.mark.parametrize(
    ("vitals", "still", "words"),
    [
        (Vitals(beat=0.4, urgent=300.0, due=300.0, sent=1.0), 10.0, "A failure has waited for 5m00s"),
        (GOOD, 300.0, "The reconciler has read nothing for 5m00s"),
    ],
)
def test_what_only_the_dead_man_is_told_is_no_alarm(vitals: Vitals, still: float, words: str):
    found = verdict(vitals, still=still)
    assert words in found.reason
    assert found.alarm == ""
    assert not found.well


@pytest.mark.parametrize(
    "vitals",
    [
        Vitals(beat=60.0),
        Vitals(beat=179.0),
        Vitals(beat=0.4, trouble="Slack cannot be reached: refused", due=20.0, sent=30.0),
    ],
)
def test_what_may_be_over_in_a_moment_is_neither_well_nor_ill(vitals: Vitals):
    found = verdict(vitals)
    assert not found.problems
    assert not found.well


@pytest.mark.parametrize(
    "vitals",
    [Vitals(beat=40_000.0), Vitals(), Vitals(beat=0.4, due=40_000.0, sent=40_000.0, urgent=40_000.0)],
)
def test_what_was_old_when_the_watch_began_gets_its_time_first(vitals: Vitals):
    early = verdict(vitals, watching=30.0)
    assert not early.problems
    assert not early.well or vitals.beat == 0.4
    assert verdict(vitals, watching=600.0).alarm


def test_a_trouble_that_somebody_else_has_worded_leaks_nothing():
    foreign = "ProxyError: https://user:geheim99@proxy.example refused"
    found = verdict(Vitals(beat=0.4, trouble=foreign, due=700.0, sent=700.0))
    assert "geheim99" not in found.alarm
    assert "ProxyError" in found.alarm


def test_one_cause_is_told_once():
    found = verdict(Vitals(beat=4000.0, trouble=REVOKED, due=4000.0, sent=4000.0, urgent=4000.0))
    assert len(found.problems) == 1


@pytest.mark.parametrize(
    ("vitals", "flowing"),
    [
        (Vitals(beat=0.4), True),
        (Vitals(beat=0.4, due=5.0, sent=59.0), True),
        (Vitals(beat=0.4, due=5.0, sent=60.0), False),
        (Vitals(beat=0.4, due=5.0), False),
    ],
)
def test_messages_flow_when_none_waits_or_one_was_just_taken(vitals: Vitals, flowing: bool):
    assert verdict(vitals).flowing is flowing


def test_a_database_that_is_being_restarted_is_no_alarm_yet():
    assert judge_absence(OUTBOX_SECONDS - 1, "refused").doubtful
    assert "The outbox has not answered for 2m00s: refused" in judge_absence(OUTBOX_SECONDS, "refused").alarm


@pytest.fixture
def away() -> Engine:
    """An outbox whose server is not there."""
    return create_engine(f"postgresql+psycopg://nobody:geheim99@127.0.0.1:{free_port()}/firehose")


def test_an_outbox_that_is_away_is_alarmed_once_and_fails_the_dead_man(away: Engine, ping: Receiver, webhook: Receiver):
    dog = Watchdog(
        away, ping.url, webhook.url, timezone=ZoneInfo("Europe/Berlin"), place="production", call_every=MINUTE
    )
    assert dog.round(NOW) == 0
    assert dog.round(NOW + MINUTE) == 0
    assert (ping.calls, webhook.calls) == ([], [])
    assert dog.round(NOW + 2 * MINUTE) == 2
    for minute in range(3, 8):
        assert dog.round(NOW + minute * MINUTE) == 1
    (said,) = webhook.texts
    assert said.startswith("✕ The firehose of production is silent. The outbox has not answered for 2m00s: ")
    assert said.endswith("(2026-11-23 07:02 CET)")
    assert "geheim99" not in said
    assert set(ping.paths) == {"/hook/fail"}
    assert "The outbox has not answered" in ping.calls[-1][1]


def test_the_dead_man_is_called_at_most_once_a_minute(away: Engine, ping: Receiver):
    dog = Watchdog(away, ping.url)
    for second in range(0, 300, 15):
        dog.round(NOW + timedelta(seconds=second))
    assert len(ping.calls) == 3


def test_an_alarm_that_was_refused_is_tried_again_a_minute_later(away: Engine, webhook: Receiver):
    dog = Watchdog(away, alarm_webhook_url=webhook.url)
    dog.round(NOW)
    webhook.status = 500
    assert dog.round(NOW + 2 * MINUTE) == 0
    webhook.status = 200
    assert dog.round(NOW + 2 * MINUTE + timedelta(seconds=30)) == 0
    assert dog.round(NOW + 3 * MINUTE) == 1
    assert len(webhook.texts) == 1


def test_nobody_outside_who_answers_is_survived_and_no_address_is_logged(
    away: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watchdog, "CALL_SECONDS", 0.3)
    caplog.set_level(logging.DEBUG, logger="include.firehose")
    with receiving() as slow:
        slow.slow = 2.0
        dog = Watchdog(away, slow.url + "/geheim1", f"http://127.0.0.1:{free_port()}/services/geheim2")
        dog.round(NOW)
        assert dog.round(NOW + 2 * MINUTE) == 0
    assert "could not be made" in caplog.text
    assert "geheim" not in caplog.text


def test_a_database_that_swallows_everything_is_away_and_holds_nobody_up(
    webhook: Receiver, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(watchdog, "ANSWER_SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as hole:
        outbox = create_engine(f"postgresql+psycopg://nobody:x@127.0.0.1:{hole.getsockname()[1]}/firehose")
        dog = Watchdog(outbox, alarm_webhook_url=webhook.url)
        for minute in range(6):
            dog.round(NOW + minute * MINUTE)
        # One question hangs, and no second one is asked behind it.
        assert [thread.name for thread in threading.enumerate()].count("firehose-watchdog") == 1
    assert "no answer within" in webhook.texts[0]
    assert len(webhook.texts) == 1


def test_the_fail_address_keeps_its_query():
    assert watchdog._fail_url("https://hc-ping.com/uuid?create=1") == "https://hc-ping.com/uuid/fail?create=1"
    assert watchdog._fail_url("https://hc-ping.com/uuid/") == "https://hc-ping.com/uuid/fail"


@pytest.mark.parametrize("url", ["hooks.slack.com/services/T/B/x", "ftp://example.com/x", "https://"])
def test_an_address_that_is_none_is_refused_by_its_variable(away: Engine, url: str):
    with pytest.raises(ValueError, match="FIREHOSE_PING_URL"):
        Watchdog(away, ping_url=url)
    with pytest.raises(ValueError, match="FIREHOSE_ALARM_WEBHOOK_URL"):
        Watchdog(away, alarm_webhook_url=url)


def test_a_watchdog_that_can_call_nobody_says_so(away: Engine, caplog: pytest.LogCaptureFixture):
    Watchdog(away)
    assert "FIREHOSE_PING_URL" in caplog.text
