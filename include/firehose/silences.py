"""Declared silences: series of which nobody wants to hear for a while, each with a reason, an owner and an end.

A silence without an end is a monitor switched off that everybody believes to be on. One that has run out no longer
counts, and the daily pulse names it until somebody removes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from include.settings import waivers
from include.settings.waivers import Waiver, Waivers

FILE = Path(__file__).parent / "silences.yml"

InvalidSilence = waivers.InvalidWaiver


@dataclass(frozen=True)
class Silence(Waiver):
    """`names` is a series, or a pattern of them."""

    def __str__(self) -> str:
        return f"Silenced {super().__str__()}"


Silences = Waivers[Silence]


def read(path: Path = FILE) -> Silences:
    """The silences of a file. Raises InvalidSilence with all that is wrong in it."""
    return waivers.read(path, Silence, key="series", noun="silence")
