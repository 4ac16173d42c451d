"""Faults on demand: what Slack, a proxy or a network does to a caller now and then, made repeatable for drills."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happens to the call."""

    RATE_LIMITED = "429"
    RATE_LIMITED_NO_HEADER = "429_no_header"
    RATE_LIMITED_FLOAT = "429_float"
    STATUS = "status"
    ACCEPT_THEN_DROP = "accept_then_drop"
    SLOW = "slow"
    INVALID_JSON = "invalid_json"
    REVOKE_TOKEN = "revoke_token"
    CLOCK_SKEW = "clock_skew"


# These strike before the workspace acts; the others let it act and spoil the answer.
BEFORE = frozenset(
    {Kind.RATE_LIMITED, Kind.RATE_LIMITED_NO_HEADER, Kind.RATE_LIMITED_FLOAT, Kind.STATUS, Kind.REVOKE_TOKEN}
)
_FIELDS = {"method", "kind", "times", "share", "delay_s", "status", "retry_after", "error", "seed"}


@dataclass
class Fault:
    """One standing order. `times` None means until removed; `share` is the part of calls it strikes."""

    method: str
    kind: Kind
    times: int | None = None
    share: float = 1.0
    delay_s: float = 0.0
    status: int = 503
    retry_after: str | None = None
    error: str = "ratelimited"
    seed: int = 0
    fired: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    @classmethod
    def parse(cls, body: Any) -> Fault:
        """Read an order as it came over the wire; ValueError says what is wrong with it."""
        if not isinstance(body, dict):
            raise ValueError("Send one JSON object that describes the fault.")
        if unknown := sorted(set(body) - _FIELDS):
            raise ValueError(f"Unknown field {unknown[0]!r}: use {', '.join(sorted(_FIELDS))}.")
        try:
            kind = Kind(str(body.get("kind")))
        except ValueError:
            raise ValueError(f"Unknown kind {body.get('kind')!r}: use one of {', '.join(Kind)}.") from None
        return cls(**{"method": "*", **_typed(body), "kind": kind})

    def strikes(self, method: str) -> bool:
        """Whether this call is hit; counts it when it is."""
        if self.method not in ("*", method) or self.kind is Kind.CLOCK_SKEW:
            return False
        if (self.times is not None and self.fired >= self.times) or self._dice.random() >= self.share:
            return False
        self.fired += 1
        return True

    def describe(self) -> dict[str, Any]:
        """The order and how often it struck."""
        return asdict(self)


def _typed(body: Mapping[str, Any]) -> dict[str, Any]:
    types = {"times": int, "share": float, "delay_s": float, "status": int, "seed": int}
    typed: dict[str, Any] = {}
    for name, value in body.items():
        if name == "times" and value is None:
            continue
        try:
            typed[name] = types.get(name, str)(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} must be {'a number' if name in types else 'a text'}, not {value!r}.") from None
    if not 0 <= typed.get("share", 1.0) <= 1:
        raise ValueError("share must lie between 0 and 1.")
    if not 400 <= typed.get("status", 503) <= 599:
        raise ValueError("status must lie between 400 and 599.")
    return typed


class Faults:
    """The standing orders, in memory: a restart ends them."""

    def __init__(self) -> None:
        self._orders: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let it strike from now on."""
        self._orders.append(fault)

    def clear(self, method: str | None = None) -> int:
        """Remove the orders of one method, or all; returns how many."""
        kept = [fault for fault in self._orders if method is not None and fault.method != method]
        removed = len(self._orders) - len(kept)
        self._orders = kept
        return removed

    def list(self) -> list[dict[str, Any]]:
        """Every order with its count."""
        return [fault.describe() for fault in self._orders]

    def next(self, method: str) -> Fault | None:
        """The first order that strikes this call."""
        return next((fault for fault in self._orders if fault.strikes(method)), None)

    def clock_skew(self) -> float:
        """Seconds the workspace's clock is wrong by."""
        return sum(fault.delay_s for fault in self._orders if fault.kind is Kind.CLOCK_SKEW)
