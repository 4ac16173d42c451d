"""The process beside the scheduler in which the watcher runs: its tasks, its logs, its way to the firehose, its end."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import uvloop
from setproctitle import setproctitle

from include.firehose import intake
from include.firehose.event import Event, Road
from include.transform.direct_api import in_process
from include.transform.execution_api import ExecutionApi
from include.transform.story import Line
from include.transform.watched import Task
from include.transform.watcher import Watcher

# Events are gathered for this long, to be written together.
GATHER_SECONDS = 0.5
# How often to look whether the scheduler still lives.
ORPHAN_SECONDS = 1.0


def write_log(task: Task, lines: Iterable[Line]) -> None:
    """Append to the task's log file, in the form in which workers write it (one JSON object per line)."""
    from airflow.sdk.log import init_log_file

    with init_log_file(task.log_path).open("a", encoding="utf-8") as file:
        for line in lines:
            level = "warning" if line.level == "warn" else line.level
            record = {
                "timestamp": line.time or datetime.now(UTC).isoformat(),
                "level": level,
                "event": line.text,
                "logger": "dbt",
            }
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


class Teller:
    """Hands events to the firehose from a thread of its own, as many at a time as have gathered."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._hand_on, name="firehose", daemon=True)
        self._thread.start()

    def tell(self, event: Event) -> None:
        self._waiting.put(event)

    def close(self) -> None:
        """Return when everything has been handed on."""
        self._waiting.put(None)
        self._thread.join()

    def _hand_on(self) -> None:
        while True:
            events = [self._waiting.get()]
            time.sleep(GATHER_SECONDS)
            while not self._waiting.empty():
                events.append(self._waiting.get())
            if known := [event for event in events if event is not None]:
                intake.report_all(known, road=Road.BUILD)
            if None in events:
                return


def serve(connection: Connection) -> None:
    """The process: takes tasks from the connection and reports on them over it, until its other end is closed."""
    setproctitle("airflow scheduler -- watcher of builds")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(connection))
    os._exit(0)


async def _serve(connection: Connection) -> None:
    async with in_process() as api:
        await _watch(connection, api)


async def _watch(connection: Connection, api: ExecutionApi) -> None:
    loop = asyncio.get_running_loop()
    over = asyncio.Event()
    under_way: set[asyncio.Task[None]] = set()

    def report(task: Task, word: str) -> None:
        try:
            connection.send((task.number, task.key, word))
        except OSError:
            over.set()

    teller = Teller()
    watcher = Watcher(api, report, write_log, teller.tell)

    def receive() -> None:
        try:
            while connection.poll():
                running = loop.create_task(watcher.run(connection.recv()))
                under_way.add(running)
                running.add_done_callback(under_way.discard)
        except (EOFError, OSError):
            # The scheduler is gone; the next one adopts what is under way.
            loop.remove_reader(connection.fileno())
            over.set()

    loop.add_reader(connection.fileno(), receive)
    scheduler = os.getppid()
    # The scheduler's end of the connection is inherited by the workers it forks, so its death does not always close it.
    while not over.is_set() and os.getppid() == scheduler:
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), timeout=ORPHAN_SECONDS)
    teller.close()
