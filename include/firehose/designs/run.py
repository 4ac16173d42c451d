"""One DAG run: calm when all is well, open when something failed, its tasks line by line in its thread. Pure.

The text is the message of the notification and of the channel list, so it says everything that matters in one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from include.firehose.blocks import Block, clip, context, fallback, fitted, headline, line_with_button, preformatted
from include.firehose.designs.style import (
    FAILED,
    OK,
    RED,
    RETRIED,
    SKIPPED,
    WAITING,
    amount,
    bar,
    counted,
    duration,
    middle,
    named,
    ordinal,
    size,
    sparkline,
)
from include.firehose.designs.telling import Line, Message, Priority, Setting, Telling
from include.firehose.event import Event, Kind, RunState, TaskState
from include.firehose.redact import clean, mask
from include.firehose.run import Run, TaskOutcome, fold, outcome

ERROR_CHARS = 600
LINE_ERROR_CHARS = 800
NAMED_TASKS = 6
NAMED_ASSETS = 2
# A usual time is worth showing from this many earlier runs on.
USUAL_RUNS = 5
SPARKS = 14

_RUN_GLYPH = {RunState.RUNNING: WAITING, RunState.SUCCESS: OK, RunState.FAILED: FAILED}
_REASONS = {
    "timed_out": "The run took longer than its DAG allows (dagrun_timeout).",
    "all_tasks_deadlocked": "The run is deadlocked: no task that is left can start.",
}
_NO_EXCEPTION = "Airflow ended the task, no exception was reported: its worker was killed, lost, or never took it."
_GLYPH = {
    TaskState.SUCCESS: OK,
    TaskState.FAILED: FAILED,
    TaskState.UP_FOR_RETRY: RETRIED,
    TaskState.SKIPPED: SKIPPED,
    TaskState.UPSTREAM_FAILED: SKIPPED,
    TaskState.REMOVED: SKIPPED,
}


def tell(events: Sequence[Event], setting: Setting) -> Telling:
    """The run that the events tell of: its message, and a line for each end of a task."""
    run = fold(events)
    return Telling(
        message=run_message(run, setting),
        state=run.state.value,
        priority=_priority(run, setting),
        over=run.state is not RunState.RUNNING,
        series=run.series,
        started_at=run.started_at,
        ended_at=run.ended_at,
        lines=tuple(_lines(events, run, setting)),
    )


def _priority(run: Run, setting: Setting) -> Priority:
    if (run.failed_tasks or run.state is RunState.FAILED) and not setting.silenced:
        return Priority.FAILURE
    return Priority.PROGRESS if run.state is RunState.RUNNING else Priority.MILESTONE


def run_message(run: Run, setting: Setting) -> Message:
    """The one message of a DAG run, for the state it is in."""
    failed = run.failed_tasks if run.state is not RunState.SUCCESS else ()
    title = headline(
        _glyph(run, setting),
        mask(run.dag_id),
        run_url(setting.airflow_url, run.dag_id, run.run_id),
        _when(run, setting),
    )
    # A bar shows how far a run has come; one that ended well has come all the way.
    counts = _counts(run, setting)
    if run.state is not RunState.SUCCESS:
        counts = f"{bar(_done(run), run.task_total)}  {counts}"
    blocks = [title, context(" · ".join([counts, *_facts(run, setting)]))]
    if run.note and (failed or run.state is RunState.SUCCESS):
        blocks.append(context(mask(run.note)))
    if setting.silenced and failed:
        blocks.append(context(mask(f"failed: {named([task.name for task in failed], NAMED_TASKS)}")))
        blocks.append(context(mask(setting.silenced)))
    return Message(
        text=_text(run, setting, failed),
        blocks=fitted(blocks),
        attachments=[] if setting.silenced else _failure(run, failed, setting),
    )


def run_url(airflow_url: str, dag_id: str, run_id: str) -> str:
    """The run's page in Airflow's UI."""
    return f"{airflow_url}/dags/{_quoted(dag_id)}/runs/{_quoted(run_id)}"


def task_url(airflow_url: str, run: Run, task: TaskOutcome) -> str:
    """The task instance's page in Airflow's UI, which opens on its log."""
    mapped = f"/mapped/{task.map_index}" if task.map_index >= 0 else ""
    return f"{run_url(airflow_url, run.dag_id, run.run_id)}/tasks/{_quoted(task.task_id)}{mapped}"


def _quoted(part: str) -> str:
    return quote(part, safe="", errors="replace")


def _glyph(run: Run, setting: Setting) -> str:
    if run.state is RunState.RUNNING and run.failed_tasks:
        return FAILED
    if run.state is RunState.SUCCESS and any(_warned(task, setting) for task in run.tasks):
        return RETRIED
    return _RUN_GLYPH[run.state]


def _when(run: Run, setting: Setting) -> str:
    """The time the run was due; with the day when it ran on another one (a backfill)."""
    due = run.run_after or run.started_at or run.ended_at
    if due is None:
        return ""
    local = due.astimezone(setting.timezone)
    acted = (run.started_at or due).astimezone(setting.timezone)
    return local.strftime("%H:%M" if local.date() == acted.date() else "%Y-%m-%d %H:%M")


def _tally(run: Run, setting: Setting) -> dict[str, int]:
    """How many tasks stand under each glyph, in the order of the alphabet; those not heard of are waiting."""
    counts: Counter[str] = Counter(_task_glyph(task, setting) for task in run.tasks)
    counts[WAITING] = run.task_total - len(run.tasks)
    return {glyph: counts[glyph] for glyph in (OK, RETRIED, FAILED, SKIPPED, WAITING) if counts[glyph]}


def _task_glyph(task: TaskOutcome, setting: Setting) -> str:
    if task.state is TaskState.SUCCESS and (task.try_number > 1 or _warned(task, setting)):
        return RETRIED
    return _GLYPH[task.state]


def _warned(task: TaskOutcome, setting: Setting) -> bool:
    """Whether dbt had a warning to give, or nothing came where something usually does."""
    return bool(_number(task.facts.get("warnings"))) or _came_empty(task, setting)


def _came_empty(task: TaskOutcome, setting: Setting) -> bool:
    before = setting.rows_before.get(task.event_id, ())
    return "streams" in task.facts and task.facts.get("rows") == 0 and len(before) >= USUAL_RUNS and min(before) > 0


def _counts(run: Run, setting: Setting) -> str:
    return "  ".join(f"{count} {glyph}" for glyph, count in _tally(run, setting).items()) or "no task reported"


def _done(run: Run) -> int:
    return sum(task.state is not TaskState.UP_FOR_RETRY for task in run.tasks)


def _facts(run: Run, setting: Setting) -> list[str]:
    """Duration against the usual, what dbt and Airbyte did, and what started the run."""
    facts = []
    if run.seconds is not None:
        facts.append(duration(run.seconds))
    elif run.started_at is not None:
        facts.append(f"since {run.started_at.astimezone(setting.timezone):%H:%M:%S}")
    if usual := _usual(setting):
        facts.append(f"usual {usual}")
    if loaded := sum(_number(task.facts.get("rows")) for task in run.tasks if "streams" in task.facts):
        facts.append(f"{counted(loaded, 'row')} loaded")
    if tests := sum(_number(task.facts.get("tests")) for task in run.tasks):
        warnings = sum(_number(task.facts.get("warnings")) for task in run.tasks)
        facts.append(counted(tests, "test") + (f", {counted(warnings, 'warning')}" if warnings else ""))
    if run.assets:
        facts.append(mask(f"after {named(run.assets, NAMED_ASSETS)}"))
    elif run.run_type:
        facts.append(mask(run.run_type.replace("_", " ")))
    return facts


def _usual(setting: Setting) -> str:
    """The range in which earlier runs stayed, without the slowest and the fastest tenth."""
    if len(setting.usual_seconds) < USUAL_RUNS or (span := middle(setting.usual_seconds)) is None:
        return ""
    low, high = (duration(seconds) for seconds in span)
    return low if low == high else f"{low}-{high}"


def _failure(run: Run, failed: Sequence[TaskOutcome], setting: Setting) -> list[Block]:
    """What failed, under a red bar."""
    if not failed:
        if run.state is not RunState.FAILED:
            return []
        reason = _REASONS.get(run.reason, mask(run.note) or "The run failed, and no failed task has been reported.")
        return [{"color": RED, "fallback": reason, "blocks": [context(reason)]}]
    first = failed[0]
    blocks = [_failed_line(run, first, setting), preformatted(_error_line(first, setting), ERROR_CHARS)]
    if about := _about(first, setting):
        blocks.append(context(about))
    if len(failed) > 1:
        blocks.append(context(mask("also failed: " + named([task.name for task in failed[1:]], NAMED_TASKS))))
    if note := _REASONS.get(run.reason):
        blocks.append(context(note))
    return [{"color": RED, "fallback": fallback(mask(first.name)), "blocks": fitted(blocks)}]


def _failed_line(run: Run, task: TaskOutcome, setting: Setting) -> Block:
    return line_with_button(
        mask(f"{_GLYPH[task.state]} {task.name}{_attempt(task)}"),
        label="Logs",
        url=task_url(setting.airflow_url, run, task),
        action_id="open_logs",
    )


def _attempt(task: TaskOutcome) -> str:
    tried = f" · try {task.try_number} of {task.max_tries}" if task.max_tries > 1 else ""
    took = f" · after {duration(task.seconds)}" if task.seconds is not None else ""
    return tried + took


def _about(task: TaskOutcome, setting: Setting) -> str:
    """How often it has failed, whose it is, and what waits for it."""
    parts = []
    times = setting.failures_in_a_row.get(task.event_id)
    if times is not None:
        parts.append("first time" if times == 1 else f"{ordinal(times)} time in a row")
    if task.owner:
        parts.append(f"owner {task.owner}")
    if waiting := _names(task.facts.get("downstream")):
        parts.append(f"holds up {named(waiting, NAMED_TASKS)}")
    if assets := _names(task.facts.get("not_renewed")):
        parts.append(f"not renewed: {named(assets, NAMED_TASKS)}")
    return mask(" · ".join(parts))


def _error_line(task: TaskOutcome, setting: Setting) -> str:
    """The exception's type and the first line of its text that says something."""
    lines = (line.strip() for line in clean(task.error_text).splitlines())
    first = next((line for line in lines if line), "")
    said = ": ".join(part for part in (task.error_type, first) if part)
    return mask(said or str(task.facts.get("note") or ""), secrets=setting.secrets) or _NO_EXCEPTION


def _text(run: Run, setting: Setting, failed: Sequence[TaskOutcome]) -> str:
    """`● orders_daily 06:00 · 42/42 · 7m12s (usual 6m-9m)`, and for a failure what failed and why."""
    done = f"{_done(run)}/{run.task_total}" if run.task_total else ""
    took = duration(run.seconds) if run.seconds is not None else ""
    if took and (usual := _usual(setting)):
        took = f"{took} (usual {usual})"
    parts = [f"{_glyph(run, setting)} {mask(run.dag_id)} {_when(run, setting)}".strip(), done, took]
    if failed:
        parts.append(mask(failed[0].name) + ": " + clip(_error_line(failed[0], setting), 200))
    elif run.state is RunState.FAILED:
        parts.append(_REASONS.get(run.reason, "failed"))
    return fallback(" · ".join(part for part in parts if part))


def _lines(events: Sequence[Event], run: Run, setting: Setting) -> Iterator[Line]:
    """A line for every end of a task, in the order in which they came about; a failure opens up."""
    ends = [event for event in events if event.kind is Kind.TASK]
    for event in sorted(ends, key=lambda event: (event.occurred_at, event.event_id)):
        task = outcome(event)
        text = mask(f"{_task_glyph(task, setting)} {task.name}{_detail(task, setting)}", secrets=setting.secrets)
        opened: tuple[Block, ...] = ()
        if task.state is TaskState.FAILED and not setting.silenced:
            error = clean(f"{task.error_type}: {task.error_text}" if task.error_type else task.error_text).strip()
            box = mask(error, secrets=setting.secrets) or _error_line(task, setting)
            opened = (_failed_line(run, task, setting), preformatted(box, LINE_ERROR_CHARS))
            if about := _about(task, setting):
                opened = (*opened, context(about))
        yield Line(event_id=event.event_id, text=text, blocks=opened)


def _detail(task: TaskOutcome, setting: Setting) -> str:
    """` 12s · 48,210 rows · 3 tests`: what there is to say of one task in a line."""
    said = []
    if task.state is TaskState.UPSTREAM_FAILED:
        return " · not run, something before it failed"
    if task.state is TaskState.REMOVED:
        return " · no longer in the DAG"
    seconds = task.facts.get("seconds", task.seconds)
    took = f" {duration(seconds)}" if isinstance(seconds, (int, float)) and task.state is TaskState.SUCCESS else ""
    if task.state is TaskState.SKIPPED:
        said.append("skipped")
    if task.state in (TaskState.FAILED, TaskState.UP_FOR_RETRY):
        word = "failed" if task.state is TaskState.FAILED else "is tried again"
        said += [f"{word}{_attempt(task)}", clip(_error_line(task, setting), 200)]
    elif task.try_number > 1:
        said.append(f"try {task.try_number} of {task.max_tries}")
    said += _figures(task.facts)
    before = setting.rows_before.get(task.event_id, ())
    if len(before) >= USUAL_RUNS and (span := middle(before)) is not None:
        said.append(f"usually {amount(int(span[0]))}-{amount(int(span[1]))} rows {sparkline(before[-SPARKS:])}")
    return took + "".join(f" · {part}" for part in said)


def _figures(facts: Mapping[str, Any]) -> list[str]:
    """What dbt or Airbyte counted: rows, bytes, tests, warnings, the largest streams."""
    said = []
    if isinstance(facts.get("rows"), int):
        said.append(counted(facts["rows"], "row"))
    if isinstance(facts.get("bytes"), int) and facts["bytes"]:
        said.append(size(facts["bytes"]))
    streams = facts.get("streams")
    if isinstance(streams, Mapping) and streams:
        rows = {str(name): _number(stream.get("rows")) for name, stream in streams.items()}
        largest = sorted(rows, key=lambda name: (-rows[name], name))
        said.append(named([f"{name} {amount(rows[name])}" for name in largest], NAMED_TASKS))
    if tests := _number(facts.get("tests")):
        said.append(counted(tests, "test"))
    if warnings := _number(facts.get("warnings")):
        said.append(counted(warnings, "warning"))
    if note := facts.get("note"):
        said.append(clip(str(note), 200))
    return said


def _names(value: Any) -> list[str]:
    return [str(name) for name in value] if isinstance(value, (list, tuple)) else []


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
