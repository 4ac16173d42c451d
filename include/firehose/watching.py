"""The firehose's second process: it reads what no callback tells, judges the beats, and watches the first one.

Apart from the dispatcher, because a slow answer of Airflow's must not hold up a message, and because a dispatcher that
has stopped cannot say so. Every part has its own pace and its own failure: one that fails is tried again at its next
turn, and the others go on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

log = logging.getLogger(__name__)

# An error that stays the same is written out once in this time, and counted in between.
REPEATED_SECONDS = 600


@dataclass
class Part:
    """Something that has its turn every `seconds`; `turn` is given the present and returns how much it has done."""

    name: str
    seconds: float
    turn: Callable[[datetime], int]
    _due: float = field(default=0.0, init=False)
    _error: str = field(default="", init=False)
    _logged: float = field(default=float("-inf"), init=False)

    def take_turn(self) -> None:
        """Have the turn if it is due."""
        now = time.monotonic()
        if now < self._due:
            return
        try:
            done = self.turn(datetime.now(UTC))
        except Exception as error:
            self._report(error)
        else:
            if self._error:
                log.info("%s works again.", self.name)
            self._error = ""
            if done:
                log.info("%s: %d", self.name, done)
        self._due = time.monotonic() + self.seconds

    def _report(self, error: Exception) -> None:
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        if said == self._error and time.monotonic() - self._logged < REPEATED_SECONDS:
            return
        self._error, self._logged = said, time.monotonic()
        # A database or an Airflow that is away is known by its sentence; anything else is ours to mend.
        trace = not isinstance(error, (SQLAlchemyError, RuntimeError))
        log.warning("%s has failed and is tried again: %s", self.name, said, exc_info=error if trace else None)


def watch(parts: list[Part], stopping: threading.Event) -> None:
    """Give the parts their turns until `stopping` is set."""
    while not stopping.is_set():
        for part in parts:
            if stopping.is_set():
                return
            part.take_turn()
        stopping.wait(1.0)
