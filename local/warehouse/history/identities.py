"""Ids that are never used twice, across restarts too: the microsecond, or the next free number."""

import threading
import time

_lock = threading.Lock()
_last = 0


def next_identity() -> int:
    global _last
    with _lock:
        _last = max(_last + 1, time.time_ns() // 1000)
        return _last
