"""Asks ACCOUNT_USAGE about facts that a test has planted, at times that no server can be made to live through."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.standins import ROOT

PYTHON = ROOT / ".venvs" / "warehouse" / "bin" / "python"
# The day on which everything happens: past, and within every view's reach.
DAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=3)

Facts = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class Usage:
    """The process that answers."""

    process: subprocess.Popen[str]

    def ask(self, facts: Facts, *, close: Sequence[datetime] = (), **questions: str) -> dict[str, Any]:
        """Rows by question; the books are closed at the hours given, one after the other, before anything is asked."""
        assert self.process.stdin
        assert self.process.stdout
        request = {"facts": facts, "close": [hour.isoformat() for hour in close], "ask": questions}
        self.process.stdin.write(json.dumps(request, default=str) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the process has ended: its error is above"
        return dict(json.loads(answer))

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def started(folder: Path, **visibility: Any) -> Usage:
    """The process in the warehouse's own environment; the keywords are those of `Visibility`."""
    command = [str(PYTHON), "-m", "tests.contracts.warehouse.usage_process", str(folder), json.dumps(visibility)]
    return Usage(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))


def at(clock: str) -> datetime:
    """A moment of the day."""
    hours, minutes, seconds = (float(part) for part in clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)
