"""A dispatcher that kills itself with SIGKILL at a step of its work: `crashing_dispatcher.py <step> <nth> dispatch`."""

from __future__ import annotations

import os
import signal
import sys
from typing import Any

from include.firehose import __main__ as program
from include.firehose import backlog, deliveries, dispatch
from include.firehose.compose import Composer
from include.firehose.slack import Slack

# Step: (where, which function, whether the end comes before or after it).
STEPS = {
    "before the call": (Slack, "_call", "before"),
    "after the call": (Slack, "_call", "after"),
    "before the outcome is committed": (deliveries, "record", "after"),
    "before a message is committed": (Composer, "_compose_subject", "after"),
    "before a reply": (Slack, "reply", "before"),
    "after a reply": (Slack, "reply", "after"),
    "before a digest is committed": (backlog, "_carry", "after"),
    "after the spool was stored": (dispatch.Dispatcher, "_store", "after"),
    "after a lost post was looked for": (Slack, "find", "after"),
}


def arm(step: str, nth: int) -> None:
    owner, name, when = STEPS[step]
    inner, seen = getattr(owner, name), 0

    def crashing(*arguments: Any, **more: Any) -> Any:
        nonlocal seen
        seen += 1
        if seen == nth and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = inner(*arguments, **more)
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return answer

    setattr(owner, name, crashing)


if __name__ == "__main__":
    arm(sys.argv[1], int(sys.argv[2]))
    del sys.argv[1:3]
    sys.exit(program.main())
