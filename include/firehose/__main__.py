"""The firehose's commands: `python -m include.firehose migrate | dispatch | watch | status | audit | preview`."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from include.firehose import database, intake, preview, redact, silences, status
from include.firehose.audit import SETTLED, Audit, audit
from include.firehose.beats.airflow_schedules import AirflowSchedules
from include.firehose.beats.store import late_series
from include.firehose.beats.watch import BeatWatch
from include.firehose.channel import Channel, UnreadableChannel
from include.firehose.compose import Composer
from include.firehose.dispatch import Dispatcher
from include.firehose.lease import SECONDS, Lease
from include.firehose.limits import PACES
from include.firehose.pulse import Pulse
from include.firehose.reconcile.api import AirflowAway, AirflowRefused, AirflowRest, BadRequest
from include.firehose.reconcile.reconciler import Reconciler
from include.firehose.slack import Fate, Outcome, Slack
from include.firehose.watchdog import Watchdog
from include.firehose.watching import Part, watch
from include.settings import environment
from include.settings.environment import Environment, MissingVariable
from include.settings.vocabulary import EnvironmentName


class ConfigurationError(ValueError):
    """A setting that cannot be used; the message says what to do."""


def _timezone(settings: Environment) -> ZoneInfo:
    """The clock of the people who read the channel."""
    name = settings.get("FIREHOSE_TIMEZONE", "UTC")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigurationError(f"FIREHOSE_TIMEZONE is {name!r}: use a name such as Europe/Berlin.") from error


def _migrate(settings: Environment, _: argparse.Namespace) -> int:
    applied = database.migrate(database.engine(settings.firehose_dsn))
    print("\n".join(f"applied {name}" for name in applied) or "The outbox is up to date.")
    return 0


def _dispatch(settings: Environment, options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    # It logs Slack's refusals as errors of its own; the dispatcher reports each outcome once.
    logging.getLogger("slack_sdk").setLevel(logging.CRITICAL)
    outbox = database.engine(settings.firehose_dsn)
    composer = Composer(
        outbox=outbox,
        channel_id=settings.slack_channel,
        airflow_url=settings.airflow_url,
        timezone=_timezone(settings),
        secrets=redact.secret_values(settings.variables.items()),
        silence_of=_silence_of(settings),
    )
    dispatcher = Dispatcher(
        outbox=outbox,
        slack=Slack(token=settings.slack_token, api_url=settings.slack_api_url),
        composer=composer,
        spool_path=intake.spool_path(),
        lease=Lease(seconds=options.lease_seconds),
    )

    def stop(number: int, frame: FrameType | None) -> None:
        dispatcher.stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    dispatcher.run()
    return 0


def _silence_of(settings: Environment) -> Callable[[str], str]:
    """For a series, the silence that is in force now, in words. Raises InvalidSilence for a wrong file."""
    file, timezone = silences.SilenceFile(), _timezone(settings)

    def silence_of(series: str) -> str:
        found = file.current().of(series, datetime.now(timezone).date())
        return str(found) if found else ""

    return silence_of


def _airflow(settings: Environment) -> AirflowRest:
    return AirflowRest(
        settings.airflow_api_url,
        settings.require("FIREHOSE_AIRFLOW_USERNAME"),
        settings.require("FIREHOSE_AIRFLOW_PASSWORD"),
    )


def _watch(settings: Environment, options: argparse.Namespace) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    outbox, timezone, declared = database.engine(settings.firehose_dsn), _timezone(settings), silences.SilenceFile()
    airflow = _airflow(settings)
    reconciler = Reconciler(outbox, airflow)
    # Airflow does not say in which time zone a DAG is scheduled; these are tried.
    zones = ["UTC", str(timezone)]
    schedules = AirflowSchedules(airflow, settings.airflow_url, zones)
    beats = BeatWatch(outbox, [schedules], declared.current, timezone)
    pulse = Pulse(
        outbox,
        timezone,
        hour=_hour(settings),
        late_series=lambda begin, end: late_series(outbox, begin, end),
        expired_silences=lambda today: declared.current().expired_lines(today),
        silences_problem=declared.problem,
        unaccounted=lambda begin, end: _audited(settings, outbox, airflow, begin, end).unaccounted,
    )
    try:
        watchdog = Watchdog(
            database.engine(settings.firehose_dsn),
            ping_url=settings.get("FIREHOSE_PING_URL"),
            alarm_webhook_url=settings.get("FIREHOSE_ALARM_WEBHOOK_URL"),
            timezone=timezone,
            place=settings.name.value,
        )
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    parts = [
        Part("reconciler", options.reconcile_seconds, lambda now: reconciler.round()),
        Part("beats", options.beat_seconds, beats.round),
        Part("pulse", 60, pulse.round),
        Part("watchdog", 5, watchdog.round),
    ]
    watch(parts, stopping)
    return 0


def _hour(settings: Environment) -> int:
    text = settings.get("FIREHOSE_PULSE_HOUR", "8")
    if not text.isdecimal() or int(text) > 23:
        raise ConfigurationError(f"FIREHOSE_PULSE_HOUR is {text!r}: use a whole number from 0 to 23.")
    return int(text)


def _audited(settings: Environment, outbox: Engine, airflow: AirflowRest, since: datetime, until: datetime) -> Audit:
    channel = Channel(token=settings.slack_token, api_url=settings.slack_api_url, channel_id=settings.slack_channel)
    return audit(outbox, airflow, channel, since, until)


def _audit(settings: Environment, options: argparse.Namespace) -> int:
    # What is still on its way is no gap.
    until = datetime.now(UTC) - SETTLED
    since = until - timedelta(hours=options.hours)
    found = _audited(settings, database.engine(settings.firehose_dsn), _airflow(settings), since, until)
    print("\n".join(found.lines()))
    return found.exit_code


def _status(settings: Environment, options: argparse.Namespace) -> int:
    now = status.read(database.engine(settings.firehose_dsn), intake.spool_path())
    print("\n".join(now.lines()))
    return 0 if now.healthy else 1


def _preview(settings: Environment, options: argparse.Namespace) -> int:
    designs = list(preview.previews(settings.airflow_url))
    if options.post:
        if settings.name is not EnvironmentName.LOCAL:
            raise ConfigurationError("Samples are posted to a local Slack only: unset BACKBEAT_ENVIRONMENT first.")
        slack = Slack(token=settings.slack_token, api_url=settings.slack_api_url)
        for design in designs:
            root = _posted(slack.post(settings.slack_channel, _sample_id(), design.root), design.name)
            for reply in design.replies:
                _posted(slack.reply(settings.slack_channel, root, _sample_id(), reply), design.name)
    print(json.dumps([design.to_json() for design in designs], ensure_ascii=False, indent=2))
    return 0


def _sample_id() -> str:
    return f"preview-{uuid.uuid4().hex}"


def _posted(outcome: Outcome, name: str) -> str:
    """The ts of a sample that Slack took, after the pause it asks for. Raises ConfigurationError."""
    if outcome.fate is not Fate.SENT:
        raise ConfigurationError(f"Slack did not take {name!r}: {outcome.fate} {outcome.error}")
    time.sleep(PACES["chat.postMessage"].seconds)
    return outcome.ts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="include.firehose", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the outbox's schema up to date").set_defaults(run=_migrate)
    dispatch = commands.add_parser("dispatch", help="send messages until stopped")
    dispatch.add_argument("--lease-seconds", type=float, default=SECONDS, help="how soon another may take over")
    dispatch.set_defaults(run=_dispatch)
    watching = commands.add_parser("watch", help="reconcile with Airflow, judge the beats, watch the dispatcher")
    watching.add_argument("--reconcile-seconds", type=float, default=15.0, help="how often Airflow's history is read")
    watching.add_argument("--beat-seconds", type=float, default=60.0, help="how often the beats are judged")
    watching.set_defaults(run=_watch)
    compare = commands.add_parser("audit", help="compare Airflow's history, the outbox and Slack; fails unless 0")
    compare.add_argument("--hours", type=float, default=24.0, help="how far back")
    compare.set_defaults(run=_audit)
    commands.add_parser("status", help="counts and heartbeat; fails when nothing is sent").set_defaults(run=_status)
    show = commands.add_parser("preview", help="print every message design with sample data")
    show.add_argument("--post", action="store_true", help="post them to the local Slack too")
    show.set_defaults(run=_preview)
    return parser


def main() -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args()
    try:
        return int(options.run(environment.load(), options))
    except (
        MissingVariable,
        ConfigurationError,
        database.SchemaError,
        silences.InvalidSilence,
        AirflowAway,
        AirflowRefused,
        BadRequest,
        UnreadableChannel,
    ) as error:
        print(error.args[0], file=sys.stderr)
    except OperationalError as error:
        print(f"The outbox's database does not answer, start it or correct FIREHOSE_DSN: {error.orig}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
