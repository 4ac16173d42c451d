"""The file that keeps events while the database is away, until the dispatcher replays it.

Many processes append, one dispatcher takes. Each line is on the disk before `append` returns. The dispatcher moves the
file aside under the same lock the writers use, so no line falls between; a replay that is killed begins again and adds
nothing, because event ids are deterministic.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from include.firehose.event import Event, InvalidEvent

LOCK_SECONDS = 0.3
# A disk must not fill because the database stays away for a week; the reconciler finds what is not written here.
LARGEST_BYTES = 256 * 1024 * 1024


class SpoolFull(OSError):
    """The spool file has reached its limit."""


def default_path() -> Path:
    """Where the spool is when FIREHOSE_SPOOL is not set: a folder of this account under the system's temp folder."""
    return Path(tempfile.gettempdir()) / f"backbeat-firehose-{os.getuid()}" / "spool.jsonl"


def append(path: Path, event: Event) -> None:
    """Write the event as the last line and wait for the disk.

    Raises OSError when it cannot be written, SpoolFull when the file is too big.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path) as file:
        if file.tell() > LARGEST_BYTES:
            raise SpoolFull(f"{path} has reached {LARGEST_BYTES} bytes: start the dispatcher, which empties it.")
        file.write(event.to_json().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file at `path`, open for appending and locked; opened again if it was moved aside in between."""
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        # A temp folder is shared: never follow a link that somebody else put there.
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            _lock(descriptor, deadline)
            if _is_still_at(path, descriptor):
                yield file
                return


def _lock(descriptor: int, deadline: float) -> None:
    """Take the lock, or go on without it: a line appended unlocked is better than a line not written."""
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                return
            time.sleep(0.005)


def _is_still_at(path: Path, descriptor: int) -> bool:
    try:
        return os.stat(path).st_ino == os.fstat(descriptor).st_ino
    except FileNotFoundError:
        return False


def replay(path: Path, store: Callable[[list[Event]], None]) -> int:
    """Hand the spooled events to `store` and forget them once it has returned; returns how many there were.

    Lines that are no events (a disk that was full) are kept in `<path>.rejected`.
    """
    taken = path.with_name(path.name + ".replaying")
    if not taken.exists() and not _take(path, taken):
        return 0
    events, rejected = _read(taken)
    if events:
        store(events)
    if rejected:
        with path.with_name(path.name + ".rejected").open("ab") as file:
            file.writelines(line + b"\n" for line in rejected)
    taken.unlink()
    return len(events)


def _take(path: Path, taken: Path) -> bool:
    try:
        if path.stat().st_size == 0:
            return False
    except FileNotFoundError:
        return False
    with _locked(path):
        os.rename(path, taken)
    return True


def _read(path: Path) -> tuple[list[Event], list[bytes]]:
    events: list[Event] = []
    rejected: list[bytes] = []
    for line in path.read_bytes().splitlines():
        try:
            events.append(Event.from_json(line.decode()))
        except (InvalidEvent, UnicodeDecodeError):
            rejected.append(line)
    return events, rejected


def waiting(path: Path) -> int:
    """How many bytes are in the spool, unreplayed."""
    files = (path, path.with_name(path.name + ".replaying"))
    return sum(file.stat().st_size for file in files if file.exists())
