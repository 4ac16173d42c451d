"""The loader's own thread: batches go in, and a state is kept only once its records are in the warehouse.

Reading and loading run side by side; a short queue between them bounds memory and holds the source back when the
warehouse is slower.
"""

from __future__ import annotations

import queue
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from local.airbyte.engine.batch import Batch
from local.airbyte.engine.loader import Loader, LoadError
from local.airbyte.engine.plan import StreamPlan

QUEUED_BATCHES = 2


class LoadingThread:
    """Loads in order. After a failure or a stop it takes what is put and drops it."""

    def __init__(
        self,
        open_loader: Callable[[], Loader],
        plans: list[StreamPlan],
        stage_folder: str,
        committed: Callable[[Batch], None],
        failed: Callable[[], None],
    ) -> None:
        self._open_loader = open_loader
        self._plans = plans
        self._stage_folder = stage_folder
        self._committed = committed
        self._failed = failed
        self._queue: queue.Queue[Batch | StreamPlan | None] = queue.Queue(QUEUED_BATCHES)
        self._stopped = threading.Event()
        self.error: LoadError | None = None
        self._thread = threading.Thread(target=self._run, name=f"load {stage_folder}", daemon=True)
        self._thread.start()

    def put(self, item: Batch | StreamPlan) -> None:
        """Load a batch, or complete a stream whose batches have all been put. Waits while the queue is full."""
        self._queue.put(item)

    def finish(self) -> None:
        """Wait until everything put has been dealt with."""
        self._queue.put(None)
        self._thread.join()

    def stop(self) -> None:
        """Load nothing more than what is being loaded now."""
        self._stopped.set()

    def _run(self) -> None:
        try:
            with tempfile.TemporaryDirectory(prefix="airbyte-load-") as folder:
                loader = self._open_loader()
                try:
                    loader.prepare(self._plans)
                    self._serve(loader, Path(folder))
                finally:
                    loader.close()
        except LoadError as error:
            self._fail(error)
        except Exception as error:
            self._fail(LoadError(f"The loader broke: {error!r}"))

    def _fail(self, error: LoadError) -> None:
        self.error = error
        self._failed()
        while self._queue.get() is not None:
            pass

    def _serve(self, loader: Loader, folder: Path) -> None:
        while (item := self._queue.get()) is not None:
            if self._stopped.is_set():
                continue
            if isinstance(item, Batch):
                if item.rows:
                    loader.load(item, folder, f"{self._stage_folder}/{item.plan.table.lower()}/{item.number}")
                self._committed(item)
            else:
                loader.complete(item)
