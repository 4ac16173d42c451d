"""Slack's limits: the pace is kept in every window, and every shape of Retry-After is obeyed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from include.firehose.deliveries import backoff
from include.firehose.limits import DEFAULT_WAIT_SECONDS, LONGEST_WAIT_SECONDS, PACES, Pace, retry_after

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "7"}, {}, 7),
        ({"retry-after": "7"}, {}, 7),
        ({"Retry-After": 7}, {}, 7),
        ({"Retry-After": ["7", "9"]}, {}, 7),
        ({"Retry-After": "1.5"}, {}, 1.5),
        ({"Retry-After": " 2 "}, {}, 2),
        ({"Retry-After": "0"}, {}, 1),
        ({"Retry-After": "-3"}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": "abc"}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": ""}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": "nan"}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": "inf"}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": []}, {}, DEFAULT_WAIT_SECONDS),
        ({"Retry-After": "99999999"}, {}, LONGEST_WAIT_SECONDS),
        ({"Retry-After": "Mon, 23 Nov 2026 06:00:12 GMT"}, {}, 12),
        ({}, {"retry_after": 4}, 4),
        ({"Retry-After": "abc"}, {"retry_after": 4}, 4),
        ({}, "not json", DEFAULT_WAIT_SECONDS),
        ({}, None, DEFAULT_WAIT_SECONDS),
    ],
)
def test_retry_after_is_understood_in_every_shape(headers: dict, body: object, seconds: float):
    assert retry_after(headers, body, now=NOW) == seconds


def calls_in(pace: Pace, window: float, start: datetime) -> int:
    """How many calls an eager caller makes within the window, after a long rest."""
    next_at, now, made = start - timedelta(days=1), start, 0
    while (now := max(now, pace.ready_at(next_at))) < start + timedelta(seconds=window):
        next_at = pace.after_call(next_at, now)
        made += 1
    return made


def test_posts_are_more_than_a_second_apart():
    assert calls_in(PACES["chat.postMessage"], 11, NOW) == 10


def test_edits_stay_below_slacks_fifty_a_minute_even_after_a_rest():
    assert 40 <= calls_in(PACES["chat.update"], 60, NOW) <= 45


def test_a_slack_that_is_away_is_asked_ever_more_rarely():
    assert [backoff(failures) for failures in (1, 2, 3, 4, 5, 6, 5000)] == [1, 2, 4, 8, 16, 30, 30]
