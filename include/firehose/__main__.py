"""The firehose's commands: `python -m include.firehose migrate | dispatch | status | preview`."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import time
import uuid
from datetime import tzinfo
from types import FrameType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.exc import OperationalError

from include.firehose import database, intake, preview, redact, status
from include.firehose.compose import Composer
from include.firehose.dispatch import Dispatcher
from include.firehose.lease import SECONDS, Lease
from include.firehose.limits import PACES
from include.firehose.slack import Fate, Slack
from include.settings import environment
from include.settings.environment import Environment, MissingVariable
from include.settings.vocabulary import EnvironmentName


class ConfigurationError(ValueError):
    """A setting that cannot be used; the message says what to do."""


def _timezone(settings: Environment) -> tzinfo:
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


def _status(settings: Environment, options: argparse.Namespace) -> int:
    now = status.read(database.engine(settings.firehose_dsn), intake.spool_path())
    print("\n".join(now.lines()))
    return 0 if now.healthy else 1


def _preview(settings: Environment, options: argparse.Namespace) -> int:
    designs = preview.messages(settings.airflow_url)
    if options.post:
        if settings.name is not EnvironmentName.LOCAL:
            raise ConfigurationError("Samples are posted to a local Slack only: unset BACKBEAT_ENVIRONMENT first.")
        slack = Slack(token=settings.slack_token, api_url=settings.slack_api_url)
        for name, message in designs:
            outcome = slack.post(settings.slack_channel, f"preview-{uuid.uuid4().hex}", message.body())
            if outcome.fate is not Fate.SENT:
                print(f"Slack did not take {name!r}: {outcome.fate} {outcome.error}", file=sys.stderr)
                return 1
            time.sleep(PACES["chat.postMessage"].seconds)
    print(json.dumps([{"design": name, **message.body()} for name, message in designs], ensure_ascii=False, indent=2))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="include.firehose", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the outbox's schema up to date").set_defaults(run=_migrate)
    dispatch = commands.add_parser("dispatch", help="send messages until stopped")
    dispatch.add_argument("--lease-seconds", type=float, default=SECONDS, help="how soon another may take over")
    dispatch.set_defaults(run=_dispatch)
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
    except (MissingVariable, ConfigurationError, database.SchemaError) as error:
        print(error.args[0], file=sys.stderr)
    except OperationalError as error:
        print(f"The outbox's database does not answer, start it or correct FIREHOSE_DSN: {error.orig}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
