"""How long a beat may take: lines that follow what a series does, and that no single outage can move."""

from __future__ import annotations

import math
import random

import pytest

from include.firehose.beats import rule
from include.firehose.beats.rule import LEARN_FROM, POOL_FROM, POOL_SIZE, Learned, Pool, learn, limits, remembered
from include.firehose.beats.series import Reason

DAY = 86_400.0
# Ten minutes, give or take.
USUAL = tuple(600.0 * math.exp(0.1 * (number % 7 - 3)) for number in range(28))


def known(delays: tuple[float, ...] = USUAL) -> Learned:
    learned = learn(delays)
    assert learned is not None
    return learned


def test_nothing_is_learned_from_thirteen_beats():
    assert learn(USUAL[: LEARN_FROM - 1]) is None
    assert known(USUAL[:LEARN_FROM]).count == LEARN_FROM


def test_a_residual_is_the_distance_from_the_usual_in_spreads_and_leads_back():
    learned = known()
    assert learned.median == pytest.approx(600)
    assert learned.residual(600) == pytest.approx(0)
    assert learned.seconds(learned.residual(1800)) == pytest.approx(1800)


def test_a_series_that_always_takes_the_same_time_is_allowed_a_tenth_more():
    assert known((600.0,) * 20).spread == rule.SPREAD_FLOOR


def test_two_slow_days_do_not_change_what_is_usual():
    assert known((*USUAL[:26], DAY, DAY)).median == pytest.approx(600, rel=0.05)


@pytest.mark.parametrize(("period", "wait"), [(300, 1800), (3600, 3600), (DAY, DAY)])
def test_a_new_series_has_one_period_and_at_least_half_an_hour(period: float, wait: float):
    drawn = limits((), line=6, period=period, deadline=None)
    assert (drawn.late_after, drawn.missing_after, drawn.reason) == (None, wait, Reason.NEW)


def test_a_steady_series_is_given_a_quarter_of_an_hour_past_its_median():
    drawn = limits((600.0,) * 20, line=0.5, period=DAY, deadline=None)
    assert drawn.missing_after == pytest.approx(600 + 15 * 60)
    assert drawn.late_after == 600
    assert drawn.reason is Reason.USUAL


def test_a_wide_series_is_given_the_line_of_all_series():
    learned = known()
    drawn = limits(USUAL, line=20.0, period=DAY, deadline=None)
    assert drawn.missing_after == pytest.approx(learned.seconds(20.0))


def test_nobody_waits_longer_than_for_the_next_beat():
    drawn = limits(USUAL, line=100.0, period=3600, deadline=None)
    assert (drawn.missing_after, drawn.reason) == (3600 + 5 * 60, Reason.NEXT_BEAT)


def test_a_series_that_takes_longer_than_its_period_is_not_missing_every_time():
    drawn = limits(USUAL, line=100.0, period=300, deadline=None)
    assert drawn.missing_after == pytest.approx(known().late + 15 * 60)


def test_a_declared_deadline_goes_before_everything_learned():
    drawn = limits(USUAL, line=6.0, period=DAY, deadline=400.0)
    assert (drawn.missing_after, drawn.late_after, drawn.reason) == (400.0, 400.0, Reason.DEADLINE)


def test_a_young_pool_says_six_spreads_or_the_largest_seen():
    assert Pool().line(7) == rule.PRIOR_LINE
    assert Pool.of([1.0, 9.5, 2.0]).line(7) == 9.5


def test_a_grown_pool_says_what_one_beat_in_a_thousand_exceeds():
    pool = Pool.of(float(number) for number in range(POOL_FROM * 4))
    assert pool.line(beats_per_week=7) == POOL_FROM * 4 - 5


def test_many_beats_a_week_make_the_line_stricter_so_that_alarms_stay_one_a_week():
    pool = Pool.of(float(number) for number in range(POOL_SIZE))
    assert pool.line(beats_per_week=5000) == POOL_SIZE - 3


def test_a_pool_keeps_the_newest_and_in_order():
    dice, pool = random.Random(7), Pool()
    values = [dice.gauss(0, 1) for _ in range(POOL_SIZE + 500)]
    for value in values:
        pool.add(value)
    assert len(pool) == POOL_SIZE
    assert pool.line(1400) == Pool.of(values).line(1400)


def test_a_series_remembers_its_last_beats_only():
    delays: tuple[float, ...] = ()
    for number in range(100):
        delays = remembered(delays, float(number))
    assert delays == tuple(float(number) for number in range(100 - rule.HISTORY, 100))
