"""Values in the words of people, the same on the page, in the digest and in a sentence."""

from __future__ import annotations

import pytest

from include.metalayer.figures import Rates, Value, moved, shown
from include.metalayer.query import Unit
from include.settings import environment


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4.2099, Unit.CREDITS, "4.21 credits"),
        (1, Unit.CREDITS, "1.00 credit"),
        (0.00123, Unit.CREDITS, "0.0012 credits"),
        (0.0, Unit.CREDITS, "0.00 credits"),
        (1234.5, Unit.CREDITS, "1,234.50 credits"),
        (48210, Unit.COUNT, "48,210"),
        (1_234_000_000, Unit.BYTES, "1.2 GB"),
        (0, Unit.BYTES, "0 B"),
        (432, Unit.SECONDS, "7m12s"),
        (0.42, Unit.SECONDS, "0.4s"),
        (12.345, Unit.PERCENT, "12 %"),
        (0.5, Unit.PERCENT, "0.5 %"),
        ("2026-11-23T06:04:59+02:00", Unit.TIME, "2026-11-23 04:04 UTC"),
        ("not a time", Unit.TIME, "not a time"),
        ("2026-11-23", Unit.DATE, "2026-11-23"),
        (True, Unit.FLAG, "yes"),
        (False, Unit.FLAG, "no"),
        (None, Unit.CREDITS, "–"),
        ("LOADING_WH", Unit.NAME, "LOADING_WH"),
    ],
)
def test_a_value_is_written_by_its_unit(value: Value, unit: Unit, text: str):
    assert shown(value, unit) == text


@pytest.mark.parametrize(
    ("now", "then", "unit", "text"),
    [
        (103, 100, Unit.CREDITS, "+3 %"),
        (92, 100, Unit.CREDITS, "-8 %"),
        (100.2, 100, Unit.CREDITS, "="),
        (2000, 100, Unit.CREDITS, "× 20"),
        (5, 3, Unit.COUNT, "+2"),
        (0, 3, Unit.COUNT, "-3"),
        (3, 3, Unit.COUNT, "="),
        (4, 0, Unit.CREDITS, "new"),
        (0, 4, Unit.CREDITS, "-100 %"),
        (None, 4, Unit.CREDITS, ""),
        ("a", "b", Unit.NAME, ""),
    ],
)
def test_a_change_is_a_percentage_or_a_difference_and_never_made_up(now: Value, then: Value, unit: Unit, text: str):
    assert moved(now, then, unit) == text


def test_without_a_rate_there_is_no_money():
    rates = Rates.configured(environment.load({}))
    assert rates == Rates()
    assert rates.money(4.21, Unit.CREDITS) == ""


def test_rates_come_from_the_environment():
    variables = {"META_CREDIT_PRICE": "3", "META_STORAGE_PRICE_PER_TB": "23", "META_CURRENCY": "EUR"}
    rates = Rates.configured(environment.load(variables))
    assert rates.money(4.21, Unit.CREDITS) == "12.63 EUR"
    assert rates.money(1024**4, Unit.BYTES, billed_bytes=True) == "23.00 EUR a month"
    assert rates.money(1024**4, Unit.BYTES) == ""
    assert rates.money(None, Unit.CREDITS) == ""
    assert rates.money(7, Unit.COUNT) == ""


def test_a_rate_that_is_no_number_is_named():
    with pytest.raises(ValueError, match=r"META_CREDIT_PRICE must be a number, such as 2\.60, and is 2,60"):
        Rates.configured(environment.load({"META_CREDIT_PRICE": "2,60"}))
