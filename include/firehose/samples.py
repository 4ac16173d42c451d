"""A morning in events: one sample of every kind of message, made of what the real senders write."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from include.firehose.beats.series import Reason, Word
from include.firehose.event import (
    Event,
    Kind,
    RunState,
    TaskState,
    run_event_id,
    run_subject,
    task_event_id,
)
from include.firehose.webhooks import buildkite, github
from include.settings.vocabulary import Severity

START = datetime(2026, 11, 23, 6, 0, 4, tzinfo=UTC)
OWNER = "data"
RUN_ID = "scheduled__2026-11-23T06:00:00+00:00"
MODELS = (
    ("stg_storefront__shops", 412),
    ("stg_storefront__buyers", 18_204),
    ("stg_storefront__products", 6_120),
    ("stg_storefront__orders", 48_210),
    ("stg_storefront__order_lines", 121_377),
    ("int_orders_priced", None),
    ("int_order_lines_joined", None),
    ("dim_shops", 412),
    ("dim_buyers", 18_204),
    ("fct_orders", 48_210),
    ("fct_order_lines", 121_377),
)
SYNC = {
    "rows": 48_931,
    "bytes": 61_204_331,
    "streams": {"order_lines": {"rows": 30_120}, "orders": {"rows": 12_044}, "products": {"rows": 6_767}},
}
_TIMEOUT = "HTTPSConnectionPool(host='api.stripe.com', port=443): Read timed out. (read timeout=30)\n  at page 14"
_FAILED_TEST = "unique_fct_orders_order_id: 37 rows that should be 0\ncompiled under target/compiled"
_HOSTILE = "<!channel> <@U123> *bold* `code` {{ 7*7 }} :tada: password=hunter2hunter2 \u202egnp.exe"

Sample = tuple[str, Sequence[Event]]


def task(dag_id: str, task_id: str, *, at: int, took: int, state: TaskState = TaskState.SUCCESS, **more: Any) -> Event:
    """A task's end, `at` seconds after the run's start."""
    ended = START + timedelta(seconds=at)
    facts = {"task_id": task_id, "map_index": -1, "try_number": 1, "max_tries": 3, "state": state.value, "owner": OWNER}
    times = {"started_at": (ended - timedelta(seconds=took)).isoformat(), "ended_at": ended.isoformat()}
    payload = _run_facts(dag_id) | facts | times | more
    return Event(
        event_id=task_event_id(dag_id, RUN_ID, task_id, -1, payload["try_number"], state),
        kind=Kind.TASK,
        series=f"af:task:{dag_id}:{task_id}",
        subject_key=run_subject(dag_id, RUN_ID),
        occurred_at=ended,
        severity=Severity.ERROR if state is TaskState.FAILED else Severity.INFO,
        payload=payload,
    )


def run_end(dag_id: str, state: RunState, *, at: int, **more: Any) -> Event:
    """A run's end."""
    ended = START + timedelta(seconds=at)
    return Event(
        event_id=run_event_id(dag_id, RUN_ID, state),
        kind=Kind.RUN,
        series=f"af:dag:{dag_id}",
        subject_key=run_subject(dag_id, RUN_ID),
        occurred_at=ended,
        severity=Severity.ERROR if state is RunState.FAILED else Severity.INFO,
        payload=_run_facts(dag_id) | {"state": state.value, "ended_at": ended.isoformat()} | more,
    )


def _run_facts(dag_id: str) -> dict[str, Any]:
    totals = {"storefront_hourly": 12, "business_marts": 8, "payments_hourly": 7, "product_analytics_hourly": 6}
    return {
        "dag_id": dag_id,
        "run_id": RUN_ID,
        "run_type": "scheduled",
        "run_after": START.replace(second=0).isoformat(),
        "run_started_at": START.isoformat(),
        "task_total": totals[dag_id],
    }


def _models(dag_id: str, count: int) -> Iterator[Event]:
    for place, (name, rows) in enumerate(MODELS[:count]):
        facts = {"seconds": 2 + place, "tests": 3, "warnings": 0} | ({"rows": rows} if rows else {})
        yield task(dag_id, name, at=34 + 9 * place, took=2 + place, facts=facts)


def runs() -> Iterator[Sample]:
    """Runs in all their states."""
    sync = task("storefront_hourly", "sync_storefront", at=20, took=16, facts=SYNC)
    yield "a run under way", [sync, *_models("storefront_hourly", 5)]
    good = [sync, *_models("storefront_hourly", 11), run_end("storefront_hourly", RunState.SUCCESS, at=134)]
    yield "a run that succeeded", good
    error = {"error": {"type": "TimeoutError", "text": _TIMEOUT}}
    first = task("storefront_hourly", "sync_storefront", at=9, took=8, state=TaskState.UP_FOR_RETRY, **error)
    again = task("storefront_hourly", "sync_storefront", at=20, took=9, try_number=2, facts=SYNC)
    yield "a run that succeeded after a retry", [first, again, *good[1:]]
    warned = {"seconds": 4, "tests": 5, "warnings": 1, "rows": 48_210}
    yield (
        "a run that assets started, with a warning of dbt's",
        [
            *_models("business_marts", 7),
            task("business_marts", "fct_orders", at=120, took=4, facts=warned),
            run_end("business_marts", RunState.SUCCESS, at=121, assets=["staging.stg_payments__charges"]),
        ],
    )
    waiting = {"downstream": ["stg_payments__charges", "fct_payments"], "not_renewed": ["marts.fct_payments"]}
    failed = task(
        "payments_hourly", "sync_payments", at=96, took=31, state=TaskState.FAILED, try_number=3, **error, **waiting
    )
    blocked = task("payments_hourly", "stg_payments__charges", at=97, took=0, state=TaskState.UPSTREAM_FAILED)
    yield "a run that failed", [failed, blocked, run_end("payments_hourly", RunState.FAILED, at=99)]
    test = {"error": {"type": "DbtFailure", "text": _FAILED_TEST}, "max_tries": 1}
    yield (
        "a failure while the run goes on",
        [
            *_models("business_marts", 5),
            task("business_marts", "fct_orders", at=110, took=9, state=TaskState.FAILED, **test),
        ],
    )
    killed = task("business_marts", "dim_shops", at=70, took=31, state=TaskState.FAILED, max_tries=1)
    yield "a task that was killed", [killed, run_end("business_marts", RunState.FAILED, at=72)]
    yield (
        "a run that took too long",
        [*_models("business_marts", 4), run_end("business_marts", RunState.FAILED, at=900, reason="timed_out")],
    )
    nasty = {"error": {"type": "ValueError", "text": _HOSTILE}}
    yield (
        "text that would like to be markup",
        [
            task("product_analytics_hourly", "load", at=60, took=3, state=TaskState.FAILED, **nasty),
            run_end("product_analytics_hourly", RunState.FAILED, at=61),
        ],
    )


def changes() -> Iterator[Sample]:
    """A pull request and its deployment, a push, a failed deployment."""
    opened = github.events("pull_request", _pull_request("opened", "2026-11-23T06:10:00Z"))
    done = {"merged": True, "merged_at": "2026-11-23T06:31:00Z", "merged_by": {"login": "bob"}, "state": "closed"}
    merged = github.events("pull_request", _pull_request("closed", "2026-11-23T06:31:00Z", **done))
    yield "a pull request that was opened", opened
    yield "a pull request that was merged", [*opened, *merged]
    started = _build("build.running", "running")
    yield "a deployment under way", started
    yield "a deployment", [*started, *_build("build.finished", "passed", finished_at="2026-11-23 06:40:12 UTC")]
    failed = _build("build.finished", "failed", finished_at="2026-11-23 06:37:40 UTC")
    yield "a deployment that failed", [*started, *failed]


def _pull_request(action: str, at: str, **more: Any) -> Mapping[str, Any]:
    fields = {
        "number": 7,
        "title": "Count refunds in the day they were paid",
        "html_url": "https://github.com/acme/backbeat/pull/7",
        "state": "open",
        "draft": False,
        "merged": False,
        "created_at": "2026-11-23T06:10:00Z",
        "updated_at": at,
        "user": {"login": "ada"},
        "head": {"ref": "refunds", "sha": "a" * 40},
        "base": {"ref": "main"},
    }
    repository = {"id": 1, "full_name": "acme/backbeat", "default_branch": "main"}
    return {
        "action": action,
        "number": 7,
        "pull_request": fields | more,
        "repository": repository,
        "sender": {"login": "ada"},
    }


def _build(event: str, state: str, **more: Any) -> Sequence[Event]:
    fields = {
        "id": "01908131-7d9f-495e-a17b-80ed31276810",
        "number": 128,
        "state": state,
        "branch": "main",
        "commit": "a1b2c3d" + "0" * 33,
        "message": "Count refunds in the day they were paid",
        "web_url": "https://buildkite.com/acme/backbeat-deploy/builds/128",
        "creator": {"name": "Ada"},
        "created_at": "2026-11-23 06:35:30 UTC",
        "started_at": "2026-11-23 06:36:00 UTC",
    }
    pipeline = {
        "name": "backbeat deploy",
        "slug": "backbeat-deploy",
        "url": "https://api.buildkite.com/v2/organizations/acme/pipelines/backbeat-deploy",
        "repository": "git@github.com:acme/backbeat.git",
        "default_branch": "main",
    }
    return buildkite.events({"event": event, "build": fields | more, "pipeline": pipeline, "sender": {"name": "Ada"}})


def watch() -> Iterator[Sample]:
    """What the firehose says by itself: beats, files, health, the pulse."""
    expected = START.replace(second=0) + timedelta(minutes=2)
    facts = {
        "series_name": "payments_hourly",
        "expected_at": expected.isoformat(),
        "missing_at": (expected + timedelta(minutes=20)).isoformat(),
        "usual_from": (expected + timedelta(minutes=2)).isoformat(),
        "usual_to": (expected + timedelta(minutes=9)).isoformat(),
        "learned_from": 41,
        "last_seen_at": (expected - timedelta(minutes=54)).isoformat(),
        "reason": Reason.USUAL.value,
        "waiting": ["business_marts"],
    }
    missing = _said(Kind.BEAT, "af:dag:payments_hourly", "beat:sample", Word.MISSING.value, facts, minutes=22)
    came: dict[str, Any] = {
        "arrived_at": (expected + timedelta(minutes=72)).isoformat(),
        "late_seconds": 4320.0,
        "missed": 0,
    }
    came["came_expected_at"] = facts["expected_at"]
    back = _said(Kind.BEAT, "af:dag:payments_hourly", "beat:sample", Word.BACK.value, facts | came, minutes=74)
    yield "a missing beat", [missing]
    yield "a missing beat that came", [missing, back]
    file = {"file": "payments_hourly.py", "bundle": "dags-folder", "error": "SyntaxError: '(' was never closed"}
    yield (
        "a DAG file that cannot be read",
        [_said(Kind.DAG_FILE, "af:file:sample", "af:file:sample", "broken", file | {"state": "broken"}, minutes=3)],
    )
    down = {"component": "scheduler", "state": "down", "since": (START + timedelta(minutes=4)).isoformat()}
    yield "a part that has stopped", [_said(Kind.HEALTH, "af:health:scheduler", "health", "down", down, minutes=5)]
    yield "the daily pulse", [_said(Kind.PULSE, "firehose:pulse", "pulse:2026-11-22", "told", PULSE, minutes=120)]
    yield "the digest of the meta queries", list(_answers())


PULSE: dict[str, Any] = {
    "date": "2026-11-22",
    "events": 1284,
    "messages": 96,
    "unaccounted": 0,
    "callback": {"seen": 970, "of": 1000},
    "callbacks_silent": False,
    "waiting_seconds": 2.0,
    "kinds": {"airflow.task": 1180, "airflow.run": 100, "meta.answer": 4},
    "runs": {"success": 98, "failed": 2},
    "late": [],
    "expired_silences": ["af:dag:returns_* (ada, until 2026-11-20)"],
}
ANSWERS: tuple[dict[str, Any], ...] = (
    {"title": "Credits, last day", "value": "4.21", "change": "+3 %", "history": [3, 3, 4, 4, 3, 4, 5, 4]},
    {"title": "Failing statements", "value": "0", "change": "±0", "history": [0, 2, 0, 0, 1, 0, 0, 0]},
    {
        "title": "Tables nobody read in 90 days",
        "value": "3 · 1.2 GB",
        "change": "+1",
        "history": [1, 1, 2, 2, 2, 2, 2, 3],
        "attention": "raw.storefront.legacy_carts has not been read since July",
        "new": ["raw.storefront.legacy_carts"],
    },
    {"title": "Slowest model", "value": "fct_order_lines 12s", "change": "-8 %", "history": [14, 13, 13, 12, 13, 12]},
    {"title": "Sign-ins that failed", "silent": "ACCOUNT_USAGE.LOGIN_HISTORY is not granted to META_READER"},
)


def _answers() -> Iterator[Event]:
    for position, answer in enumerate(ANSWERS):
        payload = answer | {"position": position, "of": len(ANSWERS), "window": "Meta layer, 2026-11-23"}
        yield _said(Kind.ANSWER, "mq:daily", "mq:2026-11-23", str(position), payload, minutes=60)


def _said(kind: Kind, series: str, subject: str, word: str, payload: Mapping[str, Any], *, minutes: int) -> Event:
    return Event(
        event_id=f"{subject}:{word}",
        kind=kind,
        series=series,
        subject_key=subject,
        occurred_at=START + timedelta(minutes=minutes),
        severity=Severity.INFO,
        payload={"word": word, **payload},
    )


def samples() -> Iterator[Sample]:
    """Every sample, with the name of what it shows."""
    yield from runs()
    yield from changes()
    yield from watch()
