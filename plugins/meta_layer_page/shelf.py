"""The answers as the page last read them, so that looking costs nothing and wakes no warehouse.

Answers change every half hour at most, people load a page when they like. What is older than a quarter of an hour is
shown at once and read again behind the reader's back; when Snowflake is away, the last known stays with its time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

log = logging.getLogger(__name__)

FRESH_SECONDS = 900
# While somebody waits for an answer that he has asked for, and for how long.
WAITED_FOR_SECONDS = 20
WAITING_SECONDS = 600
RETRY_SECONDS = 60
# How long the first reader waits; later ones never do.
FIRST_SECONDS = 15

T = TypeVar("T")


@dataclass(frozen=True)
class Look(Generic[T]):
    """What there is: the content if any was ever read, and why it could not be read anew if that is so."""

    content: T | None
    problem: str = ""


class Shelf(Generic[T]):
    """One content that is read by `read`, in a thread of its own, one reading at a time."""

    def __init__(self, read: Callable[[], T], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._reading: threading.Event | None = None
        self._content: T | None = None
        self._problem = ""
        self._due = self._waited_for_until = clock()

    def look(self, patience: float = FIRST_SECONDS) -> Look[T]:
        """The content as it is now; only when there is none at all, after `patience` seconds of waiting for it."""
        with self._lock:
            if self._reading is None and self._clock() >= self._due:
                self._reading = threading.Event()
                threading.Thread(target=self._refresh, args=(self._reading,), name="meta-layer", daemon=True).start()
            reading, nothing = self._reading, self._content is None
        if reading is not None and nothing:
            reading.wait(patience)
        with self._lock:
            return Look(self._content, self._problem)

    def expect_news(self) -> None:
        """Somebody has asked a question anew: read often until the answer must be there."""
        with self._lock:
            self._waited_for_until = self._clock() + WAITING_SECONDS
            self._due = min(self._due, self._clock() + WAITED_FOR_SECONDS)

    def _refresh(self, done: threading.Event) -> None:
        content, problem = None, ""
        try:
            content = self._read()
        except Exception as error:  # The page must stand whatever the warehouse does; the reason is shown on it.
            log.warning("The meta layer's answers could not be read", exc_info=True)
            problem = " ".join(str(error).split()) or type(error).__name__
        with self._lock:
            self._content = content if content is not None else self._content
            self._problem, self._reading = problem, None
            soon = self._clock() < self._waited_for_until
            pause = RETRY_SECONDS if problem else WAITED_FOR_SECONDS if soon else FRESH_SECONDS
            self._due = self._clock() + pause
        done.set()
