"""Ninety healthy days of 200 daily series: how often the watch is wrong, under three kinds of noise.

The delays' medians are spread from five minutes to two hours and their spreads from a tenth to a half, in logarithms;
the first weeks, in which nothing is learned yet, count. Everything that is said is a false alarm.
"""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import timedelta

import pytest

from include.firehose.beats.series import Reason
from tests.unit.firehose.beats.world import START, Model, Noise, Replay, daily, healthy, heavy_tail, lognormal

SERIES, DAYS = 200, 90
WEEKS = DAYS / 7
ALARMS_PER_WEEK = 2.0
EVERY = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("noise", "slow_share"),
    [
        pytest.param(lognormal, 0.0, id="lognormal"),
        pytest.param(heavy_tail, 0.0, id="t4", marks=pytest.mark.slow),
        pytest.param(heavy_tail, 0.01, id="t4 and one day in a hundred two to eight times as slow"),
    ],
)
def test_ninety_healthy_days_of_200_series_give_at_most_two_false_alarms_a_week(noise: Noise, slow_share: float):
    dice = random.Random(20261123)
    schedules = [daily(number) for number in range(SERIES)]
    medians = [math.exp(dice.uniform(math.log(300), math.log(7200))) for _ in schedules]
    models = [Model(median, dice.uniform(0.1, 0.5), noise, slow_share) for median in medians]
    end = START + timedelta(days=DAYS)
    replay = Replay()
    replay.book.declare("airflow", schedules, START)
    said = Counter(
        event.payload["reason"]
        for event in replay.run(healthy(schedules, models, START, end, dice), START, end, EVERY)
        if event.payload["word"] == "missing"
    )
    assert said.total() / WEEKS <= ALARMS_PER_WEEK, said
    # What waiting for the next beat at most costs in false alarms: a fraction of what is allowed.
    assert said[Reason.NEXT_BEAT] / WEEKS <= 1.0, said
