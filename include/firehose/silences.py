"""Declared silences: series of which nobody wants to hear for a while, each with a reason, an owner and an end.

A silence without an end is a monitor switched off that everybody believes to be on. One that has run out no longer
counts, and the daily pulse names it until somebody removes it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from include.settings import waivers
from include.settings.waivers import Waiver, Waivers

log = logging.getLogger(__name__)

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


class SilenceFile:
    """The file as it stands now, for a process that runs for weeks: what is declared meanwhile needs no restart.

    While the file cannot be used its last good content holds: a slip of the pen neither stops the firehose nor wakes
    somebody about a series that was silenced before.
    """

    def __init__(self, path: Path = FILE) -> None:
        """Raises InvalidSilence: at the start there is no good content yet that could hold."""
        self._path = path
        self._stamp = _stamp(path)
        self._silences = read(path)
        self._problem = ""

    def current(self) -> Silences:
        """The silences that are declared now, or were when the file could last be used."""
        self._look()
        return self._silences

    def problem(self) -> str:
        """Why the file cannot be used now, one line for each wrong entry; empty when it can."""
        self._look()
        return self._problem

    def _look(self) -> None:
        """Read the file again when it has changed; what is wrong with it is logged once for each change."""
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        # The stamp is older than the content, so a change between the two is read next time.
        self._stamp = stamp
        try:
            self._silences, self._problem = read(self._path), ""
        except InvalidSilence as error:
            self._problem = str(error)
            log.error("%s\nUntil this is mended, the silences declared before hold.", self._problem)
        else:
            log.info("%s has changed, silences declared: %d", self._path.name, len(self._silences.declared))


def _stamp(path: Path) -> tuple[int, ...] | None:
    """What differs when the file has changed; None when it is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    # A file that was copied with its times, or may be read at last, shows it by its inode's time alone.
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size
