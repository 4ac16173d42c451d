"""One attempt of a sync: run the source, collect what it emits, load it, keep its state.

The rules are the platform's. A state is kept only after the records before it are in the warehouse. The attempt
succeeds if the source ends with 0 and has completed every stream. What was loaded before a failure stays, and the
next attempt goes on from there.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import BinaryIO

from local.airbyte.definitions import Definition
from local.airbyte.engine.batch import Batch, Collector
from local.airbyte.engine.connector import Connector, ConnectorError, files, parse
from local.airbyte.engine.loader import Loader, LoadError
from local.airbyte.engine.loading import LoadingThread
from local.airbyte.engine.outcome import SourceOutcome
from local.airbyte.engine.plan import StreamPlan
from local.airbyte.engine.stats import StreamCount
from local.airbyte.faults import FaultKind, Faults
from local.airbyte.history import History, failure
from local.airbyte.models import Actor, Connection, Job, Json, StreamName
from local.airbyte.settings import Settings
from local.airbyte.store import Store

PROGRESS_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class SyncContext:
    """Everything an attempt needs; the same for all attempts of a job, except for the last two."""

    job: Job
    connection: Connection
    source: Actor
    source_definition: Definition
    destination: Actor
    settings: Settings
    store: Store
    history: History
    faults: Faults
    cancelled: threading.Event
    number: int
    log: BinaryIO


class SyncAttempt:
    """Runs once. `terminate` may be called from another thread at any time."""

    def __init__(self, context: SyncContext, plans: list[StreamPlan]) -> None:
        self._context = context
        self._plans = {plan.stream: plan for plan in plans}
        self._collectors = {plan.stream: Collector(plan, context.job.id) for plan in plans}
        self._counts = {plan.stream: StreamCount(plan.stream, plan.sync_mode) for plan in plans}
        self._connector: Connector | None = None
        self._ended = threading.Event()
        self._recorded_at = 0.0
        self._source = SourceOutcome()
        self._kill = context.faults.take(FaultKind.KILL_AFTER_RECORDS, context.connection.name)
        self._records = 0

    def terminate(self) -> None:
        """Stop reading and loading; `run` returns soon after."""
        self._ended.set()
        if self._connector:
            self._connector.terminate()

    def run(self) -> list[Json]:
        """Returns the attempt's failures; none means success."""
        context = self._context
        loading = LoadingThread(
            self._open_loader,
            list(self._plans.values()),
            f"job_{context.job.id}/attempt_{context.number}",
            self._committed,
            self.terminate,
        )
        try:
            self._read(loading)
            self._finish(loading)
        finally:
            loading.finish()
            self._record(force=True)
        return self._failures(loading.error)

    # Reading

    def _read(self, loading: LoadingThread) -> None:
        context = self._context
        inputs = {
            "config": context.source.configuration,
            "catalog": {"streams": [plan.configured(context.job.id) for plan in self._plans.values()]},
            "state": self._states(),
        }
        definition = context.source_definition
        argv = definition.argv("read", context.settings)
        with files(**inputs) as flags:
            try:
                self._connector = Connector([*argv, *flags], context.log, forked=definition.forked)
                self._consume(self._connector, loading)
            except ConnectorError as error:
                self._source.broke = str(error)
            finally:
                if self._connector:
                    self._connector.close()

    def _consume(self, connector: Connector, loading: LoadingThread) -> None:
        for line in connector.lines():
            if self._ended.is_set() or self._context.cancelled.is_set():
                loading.stop()
                connector.terminate()
                break
            message = parse(line)
            if message is None:
                self._context.log.write(line)
            elif message["type"] == "RECORD":
                self._on_record(message["record"], len(line), loading)
            else:
                self._on_other(message, line)
        self._source.code = connector.wait()

    def _states(self) -> list[Json]:
        known = self._context.store.states(self._context.connection.id)
        states = []
        for plan in self._plans.values():
            if plan.incremental and plan.stream in known:
                descriptor = _descriptor(plan.stream)
                stream = {"stream_descriptor": descriptor, "stream_state": known[plan.stream]}
                states.append({"type": "STREAM", "stream": stream})
        return states

    def _on_record(self, record: Json, size: int, loading: LoadingThread) -> None:
        stream = StreamName(record["stream"], record.get("namespace"))
        collector = self._collectors.get(stream)
        if collector is None:
            raise ConnectorError(f"The source emitted a record of stream {stream}, which is not configured.")
        collector.add(record, size)
        count = self._counts[stream]
        count.records_emitted += 1
        count.bytes_emitted += size
        settings = self._context.settings
        if collector.rows >= settings.batch_rows or collector.bytes >= settings.batch_bytes:
            loading.put(collector.take())
            self._record()
        self._records += 1
        if self._kill and self._records >= self._kill.records and self._connector:
            self._connector.kill()

    def _on_other(self, message: Json, line: bytes) -> None:
        if message["type"] == "STATE":
            self._on_state(message["state"])
            return
        self._context.log.write(line)
        trace = message.get("trace", {})
        if trace.get("type") == "ERROR":
            self._source.errors.append(trace["error"])
        elif trace.get("type") == "STREAM_STATUS":
            status = trace["stream_status"]
            stream = _stream(status["stream_descriptor"])
            if stream in self._counts:
                self._counts[stream].status = status["status"]

    def _on_state(self, state: Json) -> None:
        if state.get("type") != "STREAM":
            raise ConnectorError(f"The source emitted {state.get('type')} state; this engine keeps state per stream.")
        stream = _stream(state["stream"]["stream_descriptor"])
        if stream in self._collectors:
            self._counts[stream].states += 1
            self._collectors[stream].checkpoint(state["stream"].get("stream_state") or {})

    # Loading

    def _open_loader(self) -> Loader:
        loader = Loader(self._context.destination.configuration, self._say)
        if self._context.faults.take(FaultKind.LOAD_ERROR, self._context.connection.name):
            loader.close()
            raise LoadError("The load was made to fail by a fault.", "transient_error")
        return loader

    def _committed(self, batch: Batch) -> None:
        count = self._counts[batch.plan.stream]
        count.records_committed += len(batch.rows)
        count.bytes_committed += batch.bytes
        # A replacement is not visible yet, so its state would skip rows that an overwrite has still to show.
        if batch.state is not None and batch.plan.incremental:
            self._context.store.save_state(self._context.connection.id, batch.plan.stream, batch.state)
        self._record()

    def _finish(self, loading: LoadingThread) -> None:
        """Hand over the rest: all of it after success, and what a state covers after a failure of the source."""
        if self._ended.is_set() or self._context.cancelled.is_set():
            loading.stop()
            return
        for stream, collector in self._collectors.items():
            complete = self._complete(stream)
            loading.put(collector.take(only_covered=not complete))
            if complete:
                loading.put(self._plans[stream])

    def _complete(self, stream: StreamName) -> bool:
        status = self._counts[stream].status
        reports = any(count.status for count in self._counts.values())
        return status == "COMPLETE" if reports else self._source.ended_well

    # Reporting

    def _say(self, message: str) -> None:
        self._context.log.write(f"{message}\n".encode())

    def _record(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if force or now - self._recorded_at >= PROGRESS_SECONDS:
            self._recorded_at = now
            counts = [count.as_json() for count in self._counts.values()]
            self._context.history.record_progress(self._context.job.id, self._context.number, counts)

    def _failures(self, load_error: LoadError | None) -> list[Json]:
        if self._context.cancelled.is_set():
            return [failure("airbyte_platform", "manual_cancellation", "The sync was cancelled.")]
        if load_error:
            return [failure("destination", load_error.failure_type, str(load_error))]
        return self._source.failures([str(stream) for stream in self._counts if not self._complete(stream)])


def _descriptor(stream: StreamName) -> Json:
    return {"name": stream.name, **({"namespace": stream.namespace} if stream.namespace else {})}


def _stream(descriptor: Json) -> StreamName:
    return StreamName(descriptor["name"], descriptor.get("namespace"))
