"""The message of one DAG run: calm when all is well, open when something failed. Pure.

One glyph alphabet for every message; colour only for what is wrong; nobody is mentioned; times are absolute. The text
is the message of the notification and of the channel list, so it says everything that matters in one line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from urllib.parse import quote

from include.firehose.blocks import Block, clip, context, fallback, fitted, headline, line_with_button, preformatted
from include.firehose.event import RunState, TaskState
from include.firehose.redact import clean, mask
from include.firehose.run import Run, TaskOutcome

OK, RETRIED, FAILED, SKIPPED, WAITING = "●", "▲", "✕", "○", "◌"
RED = "#d1242f"
BAR_CELLS = 20
ERROR_CHARS = 600
NAMED_TASKS = 6
NAMED_ASSETS = 2
# A usual time is worth showing from this many earlier runs on.
USUAL_RUNS = 5

_RUN_GLYPH = {RunState.RUNNING: WAITING, RunState.SUCCESS: OK, RunState.FAILED: FAILED}
_REASONS = {
    "timed_out": "The run took longer than its DAG allows (dagrun_timeout).",
    "all_tasks_deadlocked": "The run is deadlocked: no task that is left can start.",
}
_NO_EXCEPTION = "Airflow ended the task, no exception was reported: its worker was killed, lost, or never took it."


@dataclass(frozen=True)
class Setting:
    """What a message needs to know beside the run: where links lead, whose clock is read, what usually happens."""

    airflow_url: str
    timezone: tzinfo = UTC
    usual_seconds: Sequence[float] = ()
    secrets: Sequence[str] = ()


@dataclass(frozen=True)
class Message:
    """What Slack is given: `text` for notifications, `blocks`, and coloured `attachments` (empty when all is well)."""

    text: str
    blocks: list[Block]
    attachments: list[Block]

    def body(self) -> dict[str, Any]:
        """The message as it is stored in a delivery."""
        return {"text": self.text, "blocks": self.blocks, "attachments": self.attachments}


def run_message(run: Run, setting: Setting) -> Message:
    """The one message of a DAG run, for the state it is in."""
    failed = run.failed_tasks if run.state is not RunState.SUCCESS else ()
    title = headline(
        _glyph(run), mask(run.dag_id), run_url(setting.airflow_url, run.dag_id, run.run_id), _when(run, setting)
    )
    # A bar shows how far a run has come; one that ended well has come all the way.
    counts = _counts(run) if run.state is RunState.SUCCESS else f"{_bar(run)}  {_counts(run)}"
    return Message(
        text=_text(run, setting, failed),
        blocks=fitted([title, context(" · ".join([counts, *_facts(run, setting)]))]),
        attachments=_failure(run, failed, setting),
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


def duration(seconds: float) -> str:
    """`8s`, `7m12s`, `2h05m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


def _glyph(run: Run) -> str:
    if run.state is RunState.RUNNING and run.failed_tasks:
        return FAILED
    return _RUN_GLYPH[run.state]


def _when(run: Run, setting: Setting) -> str:
    """The time the run was due; with the day when it ran on another one (a backfill)."""
    due = run.run_after or run.started_at or run.ended_at
    if due is None:
        return ""
    local = due.astimezone(setting.timezone)
    acted = (run.started_at or due).astimezone(setting.timezone)
    return local.strftime("%H:%M" if local.date() == acted.date() else "%Y-%m-%d %H:%M")


def _tally(run: Run) -> dict[str, int]:
    """How many tasks stand under each glyph, in the order of the alphabet; those not heard of are waiting."""
    counts: Counter[str] = Counter(_task_glyph(task) for task in run.tasks)
    counts[WAITING] = run.task_total - len(run.tasks)
    return {glyph: counts[glyph] for glyph in (OK, RETRIED, FAILED, SKIPPED, WAITING) if counts[glyph]}


def _task_glyph(task: TaskOutcome) -> str:
    if task.state is TaskState.UP_FOR_RETRY:
        return RETRIED
    if task.state is TaskState.SUCCESS:
        return RETRIED if task.try_number > 1 else OK
    return FAILED if task.state is TaskState.FAILED else SKIPPED


def _counts(run: Run) -> str:
    return "  ".join(f"{count} {glyph}" for glyph, count in _tally(run).items()) or "no task reported"


def _done(run: Run) -> int:
    return sum(task.state is not TaskState.UP_FOR_RETRY for task in run.tasks)


def _bar(run: Run) -> str:
    cells = BAR_CELLS * _done(run) // run.task_total if run.task_total else 0
    return "▰" * cells + "▱" * (BAR_CELLS - cells)


def _facts(run: Run, setting: Setting) -> list[str]:
    """Duration against the usual, and what started the run."""
    facts = []
    if run.seconds is not None:
        facts.append(duration(run.seconds))
    elif run.started_at is not None:
        facts.append(f"since {_clock(run.started_at, setting)}")
    if usual := _usual(setting):
        facts.append(f"usual {usual}")
    if run.assets:
        facts.append(mask(f"after {_named(run.assets, NAMED_ASSETS)}"))
    elif run.run_type:
        facts.append(mask(run.run_type.replace("_", " ")))
    return facts


def _clock(time: datetime, setting: Setting) -> str:
    return time.astimezone(setting.timezone).strftime("%H:%M:%S")


def _usual(setting: Setting) -> str:
    """The range in which earlier runs stayed, without the slowest and the fastest tenth."""
    known = sorted(setting.usual_seconds)
    if len(known) < USUAL_RUNS:
        return ""
    cut = len(known) // 10
    low, high = duration(known[cut]), duration(known[-1 - cut])
    return low if low == high else f"{low}-{high}"


def _failure(run: Run, failed: Sequence[TaskOutcome], setting: Setting) -> list[Block]:
    """What failed, under a red bar."""
    if not failed:
        if run.state is not RunState.FAILED:
            return []
        reason = _REASONS.get(run.reason, "The run failed, and no failed task has been reported.")
        return [{"color": RED, "fallback": reason, "blocks": [context(reason)]}]
    first = failed[0]
    blocks = [
        line_with_button(
            mask(f"{FAILED} {first.name}{_attempt(first)}"),
            label="Logs",
            url=task_url(setting.airflow_url, run, first),
            action_id="open_logs",
        ),
        preformatted(_error_line(first, setting), ERROR_CHARS),
    ]
    if len(failed) > 1:
        blocks.append(context(mask("also failed: " + _named([task.name for task in failed[1:]], NAMED_TASKS))))
    if note := _REASONS.get(run.reason):
        blocks.append(context(note))
    return [{"color": RED, "fallback": fallback(mask(first.name)), "blocks": fitted(blocks)}]


def _attempt(task: TaskOutcome) -> str:
    tried = f" · try {task.try_number} of {task.max_tries}" if task.max_tries > 1 else ""
    took = f" · after {duration(task.seconds)}" if task.seconds is not None else ""
    return tried + took


def _error_line(task: TaskOutcome, setting: Setting) -> str:
    """The exception's type and the first line of its text that says something."""
    lines = (line.strip() for line in clean(task.error_text).splitlines())
    first = next((line for line in lines if line), "")
    said = ": ".join(part for part in (task.error_type, first) if part)
    return mask(said, secrets=setting.secrets) or _NO_EXCEPTION


def _named(names: Sequence[str], count: int) -> str:
    """The first names, and how many more there are."""
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(clip(name, 60) for name in names[:count]) + more


def _text(run: Run, setting: Setting, failed: Sequence[TaskOutcome]) -> str:
    """`● orders_daily 06:00 · 42/42 · 7m12s (usual 6m-9m)`, and for a failure what failed and why."""
    done = f"{_done(run)}/{run.task_total}" if run.task_total else ""
    took = duration(run.seconds) if run.seconds is not None else ""
    if took and (usual := _usual(setting)):
        took = f"{took} (usual {usual})"
    parts = [f"{_glyph(run)} {mask(run.dag_id)} {_when(run, setting)}".strip(), done, took]
    if failed:
        parts.append(mask(failed[0].name) + ": " + clip(_error_line(failed[0], setting), 200))
    elif run.state is RunState.FAILED:
        parts.append(_REASONS.get(run.reason, "failed"))
    return fallback(" · ".join(part for part in parts if part))
