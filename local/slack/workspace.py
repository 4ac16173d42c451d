"""The workspace: everything a method may touch, built once from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from local.slack import identity
from local.slack.channels import Channels
from local.slack.faults import Faults
from local.slack.journal import Journal
from local.slack.messages import Messages
from local.slack.ratelimit import RateLimiter
from local.slack.reactions import Reactions
from local.slack.represent import Presenter
from local.slack.storage import Database
from local.slack.uploads import Uploads


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the command line and the environment decide."""

    data_dir: Path
    bot_token: str
    user_token: str
    faults_enabled: bool = False
    rate_limits_enabled: bool = True
    edit_window_minutes: int | None = None

    @property
    def tokens(self) -> dict[str, identity.Identity]:
        """Whose token is whose."""
        return {self.bot_token: identity.BOT, self.user_token: identity.PERSON}


@dataclass
class Workspace:
    """The stores, the limits and the faults of one running stand-in."""

    settings: Settings
    database: Database = field(init=False)

    def __post_init__(self) -> None:
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.database = Database(self.settings.data_dir / "slack.sqlite3")
        self.channels = Channels(self.database)
        self.messages = Messages(self.database, self.channels)
        self.reactions = Reactions(self.database)
        self.uploads = Uploads(self.database)
        self.presenter = Presenter(self.messages, self.reactions)
        self.journal = Journal(self.database, enabled=self.settings.faults_enabled)
        self.limiter = RateLimiter(enabled=self.settings.rate_limits_enabled)
        self.faults = Faults()
        self.database.clock_skew = self.faults.clock_skew

    def reset(self) -> None:
        """Back to the first start: no messages, no faults, full buckets."""
        self.database.reset()
        self.faults.clear()
        self.limiter.clear()
