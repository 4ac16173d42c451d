"""Values of an answer in the words of people: `4.21 credits`, `1.2 GB`, `7m12s`, and what it costs.

One place for it, so that the page, the digest and a sentence of attention never write the same value in two ways. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from include.firehose.designs import style
from include.metalayer.query import Query, Unit
from include.settings.environment import Environment

Value = str | int | float | bool | None

NOTHING = "–"
SAME = "="
# Snowflake bills storage per terabyte of 1,024^4 bytes (docs: "Exploring storage cost", `billable_tb`).
TERABYTE = 1024**4
# Bytes that Snowflake bills; those that a statement scans or spills cost nothing by themselves.
BILLED_BYTES = "ACCOUNT_USAGE.TABLE_STORAGE_METRICS"


@dataclass(frozen=True)
class Rates:
    """What the account pays: per credit, and per terabyte and month. None: not configured, so nothing is said of it."""

    credit: float | None = None
    terabyte_month: float | None = None
    currency: str = "USD"

    @classmethod
    def configured(cls, settings: Environment) -> Rates:
        """The rates of META_CREDIT_PRICE, META_STORAGE_PRICE_PER_TB and META_CURRENCY. Raises ValueError."""
        return cls(
            credit=settings.number("META_CREDIT_PRICE"),
            terabyte_month=settings.number("META_STORAGE_PRICE_PER_TB"),
            currency=settings.get("META_CURRENCY", "USD"),
        )

    def money(self, value: Value, unit: Unit, *, billed_bytes: bool = False) -> str:
        """`12.63 USD` for credits, `1.20 USD a month` for stored bytes; empty when no rate says."""
        if not _is_number(value):
            return ""
        if unit is Unit.CREDITS and self.credit is not None:
            return f"{_decimals(value * self.credit)} {self.currency}"
        if unit is Unit.BYTES and billed_bytes and self.terabyte_month is not None:
            return f"{_decimals(value / TERABYTE * self.terabyte_month)} {self.currency} a month"
        return ""


NO_RATES = Rates()


@dataclass(frozen=True)
class Figure:
    """The one value that stands for an answer; `money` is what it costs, when the rates are known."""

    value: Value
    unit: Unit
    text: str
    money: str = ""


def bills_bytes(query: Query) -> bool:
    """Whether the bytes of this question's answer are stored ones, for which Snowflake sends a bill."""
    return BILLED_BYTES in query.views


def shown(value: Value, unit: Unit) -> str:
    """The value as people read it; an en dash for one that is not there. Times are UTC and say so."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _is_number(value):
        return _NUMBERS.get(unit, _plain)(value)
    return _time(value) if unit is Unit.TIME and isinstance(value, str) else str(value)


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _decimals(value: float) -> str:
    """Two decimals; for what would then read as nothing, two digits that do say something."""
    return f"{value:,.2f}" if value == 0 or abs(value) >= 0.005 else f"{value:.2g}"


def _plain(value: float) -> str:
    return style.amount(int(value)) if value == int(value) else _decimals(value)


def _seconds(value: float) -> str:
    return f"{value:.1f}s" if 0 < value < 10 else style.duration(value)


def _credits(value: float) -> str:
    return f"{_decimals(value)} credit" + ("" if value == 1 else "s")


def _percent(value: float) -> str:
    return f"{value:,.0f} %" if value == 0 or abs(value) >= 10 else f"{value:.1f} %"


def _time(value: str) -> str:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


_NUMBERS: Mapping[Unit, Callable[[float], str]] = {
    Unit.BYTES: style.size,
    Unit.CREDITS: _credits,
    Unit.SECONDS: _seconds,
    Unit.PERCENT: _percent,
}


def moved(now: Value, then: Value, unit: Unit) -> str:
    """The way from one number to another: `+3 %`, `-2` for a count, `=` for none, `new` from nothing."""
    if not isinstance(now, (int, float)) or not isinstance(then, (int, float)):
        return ""
    if now == then:
        return SAME
    if unit is Unit.COUNT:
        return f"{now - then:+,.0f}"
    if then == 0:
        return "new"
    percent = 100 * (now - then) / abs(then)
    return SAME if round(percent) == 0 else f"{percent:+,.0f} %" if abs(percent) < 1000 else f"× {now / then:,.0f}"
