"""Who watches the firehose: a dead man's switch outside, and a second road for the one alarm Slack's bot cannot send.

A firehose that has stopped cannot say so in its own channel. While all is well the watchdog calls an address that
raises the alarm when the calls stop (healthchecks.io or the like), so that even a machine that is gone is noticed. And
what it can see itself, a revoked token or a dispatcher that is dead, it says once through an incoming webhook, which
needs no bot.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Connection, Engine, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from include.firehose import tables, vitals
from include.firehose.blocks import clip, fallback
from include.firehose.designs.style import FAILED, OK, day_and_clock, duration
from include.firehose.redact import mask
from include.firehose.vitals import Verdict

log = logging.getLogger(__name__)

# healthchecks.io takes about one call a minute from each check.
CALL_EVERY = timedelta(seconds=60)
CALL_SECONDS = 5.0
CALM = timedelta(seconds=60)
# A database that has frozen answers neither yes nor no, and no timeout of libpq ends that.
ANSWER_SECONDS = 20.0
REASON_CHARS = 500
HELP = "docs/how-to/when-the-firehose-is-silent.md"
# The source under which the reconciler notes how far it has read; it moves with every round.
RECONCILER = "airflow"
_NAME = "alarm"


@dataclass(frozen=True)
class Episode:
    """One time in which nothing could be sent, from its alarm to its all-clear."""

    began_at: datetime
    problem: str


@dataclass(frozen=True)
class _Told:
    """What was last said by the webhook and is not stored yet: an episode, or that it is over."""

    episode: Episode | None


@dataclass
class Watchdog:
    """Looks, calls and alarms; `round` is called every few seconds and never raises.

    `ping_url` is called at most once each `call_every`: itself while all is well, and with `/fail` and the reason when
    something is wrong. `alarm_webhook_url` gets `{"text": ...}` once when an episode begins and once when it is over.
    Either may be empty. `outbox` should be an engine of its own, because a connection may hang; `cursor` names the
    reconciler's row in the table cursor. Raises ValueError for an address that is none.
    """

    outbox: Engine
    ping_url: str = ""
    alarm_webhook_url: str = ""
    timezone: tzinfo = UTC
    # Which copy of the platform speaks, when several share a webhook.
    place: str = ""
    cursor: str = RECONCILER
    call_every: timedelta = CALL_EVERY
    _began: datetime | None = field(default=None, init=False)
    _away_since: datetime | None = field(default=None, init=False)
    _reason: str = field(default="", init=False)
    _called_at: datetime | None = field(default=None, init=False)
    _alarmed_at: datetime | None = field(default=None, init=False)
    _calm_since: datetime | None = field(default=None, init=False)
    _watermark: tuple[str, datetime] | None = field(default=None, init=False)
    _stored: Episode | None = field(default=None, init=False)
    _told: _Told | None = field(default=None, init=False)
    _asking: threading.Thread | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        for name, url in (("FIREHOSE_PING_URL", self.ping_url), ("FIREHOSE_ALARM_WEBHOOK_URL", self.alarm_webhook_url)):
            if url and (urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname):
                raise ValueError(f"{name} is not an address: use https://... or leave it out.")
        if not (self.ping_url or self.alarm_webhook_url):
            log.warning("Nobody outside is told when the firehose stops: set FIREHOSE_PING_URL. See %s.", HELP)
        # It logs whole addresses, and whoever knows these may post.
        logging.getLogger("httpx").setLevel(logging.WARNING)

    def round(self, now: datetime) -> int:
        """Look once; returns how many calls to the outside were taken."""
        self._began = self._began or now
        answer = self._in_time(lambda: self._look(now))
        if answer is None:
            self._away_since = self._away_since or now
            verdict = vitals.judge_absence((now - self._away_since).total_seconds(), self._reason)
            answer = verdict, self._turn(self._episode(self._stored), verdict, now)
        else:
            self._away_since = None
        verdict, told = answer
        return int(told) + int(self._ping(verdict, now))

    def _in_time(self, question: Callable[[], tuple[Verdict, bool]]) -> tuple[Verdict, bool] | None:
        """The outbox's answer, or None when it fails or does not come within ANSWER_SECONDS."""
        if self._asking is not None and self._asking.is_alive():
            return None
        answers: list[tuple[Verdict, bool]] = []

        def ask() -> None:
            try:
                answers.append(question())
            except Exception as error:
                lines = str(getattr(error, "orig", None) or error).strip().splitlines()
                self._reason = clip(mask(lines[0] if lines else type(error).__name__), REASON_CHARS)
                log.warning("The watchdog cannot read the outbox: %s", self._reason)

        self._reason = f"no answer within {ANSWER_SECONDS:.0f} s"
        self._asking = threading.Thread(target=ask, name="firehose-watchdog", daemon=True)
        self._asking.start()
        self._asking.join(ANSWER_SECONDS)
        return answers[0] if answers else None

    def _look(self, now: datetime) -> tuple[Verdict, bool]:
        """Judge what the outbox shows, and alarm while its row is locked: of two watchdogs one speaks."""
        with self.outbox.begin() as connection:
            stored = _episode_for_update(connection)
            seen = vitals.read(connection, self.cursor)
            watching = (now - (self._began or now)).total_seconds()
            verdict = vitals.judge(seen, watching=watching, still=self._still(seen.watermark, now))
            told = self._turn(self._episode(stored), verdict, now)
            now_known = self._episode(stored)
            if now_known != stored:
                _store(connection, now_known)
        self._stored, self._told = now_known, None
        return verdict, told

    def _episode(self, stored: Episode | None) -> Episode | None:
        """The episode that is open: what was said counts before it is stored."""
        return self._told.episode if self._told else stored

    def _still(self, watermark: str | None, now: datetime) -> float | None:
        """For how many seconds the reconciler has read nothing, as far as this process has seen."""
        if watermark is None:
            self._watermark = None
            return None
        if self._watermark is None or self._watermark[0] != watermark:
            self._watermark = (watermark, now)
        return (now - self._watermark[1]).total_seconds()

    def _turn(self, episode: Episode | None, verdict: Verdict, now: datetime) -> bool:
        """Alarm when an episode begins, give the all-clear when it is over; whether either was said and taken.

        An episode is over when messages have flowed for a while, not when a dispatcher that has just been restarted has
        no trouble yet: one that dies again and again is one episode.
        """
        calm = verdict.well and verdict.flowing
        self._calm_since = (self._calm_since or now) if calm else None
        if episode is None and verdict.alarm:
            text = f"{FAILED} {self._subject} is silent. {verdict.alarm} What happens meanwhile is kept. See {HELP}."
            following = _Told(Episode(now, verdict.alarm))
        elif episode is not None and self._calm_since is not None and now - self._calm_since >= CALM:
            took = duration((now - episode.began_at).total_seconds())
            text = f"{OK} {self._subject} speaks again, {took} after the alarm."
            following = _Told(None)
        else:
            return False
        if not self._alarm(text, now):
            return False
        self._told = following
        return True

    @property
    def _subject(self) -> str:
        return f"The firehose of {self.place}" if self.place else "The firehose"

    def _alarm(self, text: str, now: datetime) -> bool:
        """Post to the webhook, after a failure not before the next minute."""
        if not self.alarm_webhook_url or (self._alarmed_at and now - self._alarmed_at < self.call_every):
            return False
        said = fallback(f"{text} ({day_and_clock(now, self.timezone)} {now.astimezone(self.timezone):%Z})")
        taken = _call("alarm", self.alarm_webhook_url, json={"text": said})
        self._alarmed_at = None if taken else now
        return taken

    def _ping(self, verdict: Verdict, now: datetime) -> bool:
        if not self.ping_url or verdict.doubtful or (self._called_at and now - self._called_at < self.call_every):
            return False
        self._called_at = now
        if verdict.well:
            return _call("ping", self.ping_url, content="")
        return _call("ping", _fail_url(self.ping_url), content=verdict.reason)


def _fail_url(url: str) -> str:
    """The address with `/fail` at the end of its path, also when it has a query."""
    parts = urlsplit(url)
    return parts._replace(path=parts.path.rstrip("/") + "/fail").geturl()


def _call(what: str, url: str, **content: object) -> bool:
    """POST; whether it was taken. The answer's body is not read, and the address not logged: it is a secret."""
    try:
        with httpx.stream("POST", url, timeout=CALL_SECONDS, **content) as answer:  # type: ignore[arg-type]
            if answer.is_success:
                return True
            log.warning("The %s was refused with %s: check its address in the environment.", what, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        log.warning("The %s could not be made: %s", what, mask(str(error) or type(error).__name__, secrets=[url]))
    return False


def _episode_for_update(connection: Connection) -> Episode | None:
    row = tables.watchdog
    connection.execute(upsert(row).values(name=_NAME).on_conflict_do_nothing())
    found = connection.execute(select(row.c.began_at, row.c.problem).where(row.c.name == _NAME).with_for_update()).one()
    return Episode(found.began_at, found.problem or "") if found.began_at else None


def _store(connection: Connection, episode: Episode | None) -> None:
    row = tables.watchdog
    values = (
        {"began_at": episode.began_at, "problem": episode.problem}
        if episode
        else dict.fromkeys(("began_at", "problem"))
    )
    connection.execute(update(row).where(row.c.name == _NAME).values(**values))
