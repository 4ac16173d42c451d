"""Who and what exists in the local workspace: one team, the app's bot, one person, three channels.

The person and the two further channels are there so that refusals which depend on them (`cant_update_message`,
`not_in_channel`, `is_archived`) can be met on a laptop before they are met in production.
"""

from __future__ import annotations

from dataclasses import dataclass

TEAM_ID = "T0BACKBEAT"
TEAM_NAME = "Backbeat"
APP_ID = "A0BACKBEAT"
BOT_ID = "B0BACKBEAT"
SLACKBOT = "USLACKBOT"


@dataclass(frozen=True)
class Identity:
    """Someone a token belongs to."""

    user_id: str
    name: str
    display_name: str
    is_bot: bool


@dataclass(frozen=True)
class SeedChannel:
    """A channel that exists from the first start."""

    channel_id: str
    name: str
    topic: str
    members: tuple[str, ...]
    is_archived: bool = False


BOT = Identity("U0BACKBEAT", "backbeat", "Backbeat", is_bot=True)
PERSON = Identity("U0PERSON", "you", "You", is_bot=False)
PEOPLE = {identity.user_id: identity for identity in (BOT, PERSON)}

_EVERYONE = (BOT.user_id, PERSON.user_id)

FIREHOSE = "C0FIREHOSE"
SEED_CHANNELS = (
    SeedChannel(FIREHOSE, "data-firehose", "Every run, test, sync, PR and deployment of the platform", _EVERYONE),
    SeedChannel("C0GENERAL", "general", "The app is not a member here", (PERSON.user_id,)),
    SeedChannel("C0ARCHIVED", "data-firehose-2025", "Last year's channel", _EVERYONE, is_archived=True),
)
