"""`api.test` and `auth.test`: is anyone there, and who am I."""

from __future__ import annotations

from typing import Any

from local.slack import identity
from local.slack.errors import SlackError
from local.slack.methods.registry import Call, method
from local.slack.ratelimit import HUNDREDS, TIER_4


@method("api.test", limit=TIER_4, accepts_json=True, needs_token=False)
def api_test(call: Call) -> dict[str, Any]:
    """Echo the arguments; `error` makes it fail with that name."""
    args = dict(call.arguments.values)
    if error := call.arguments.text("error"):
        raise SlackError(error, args=args)
    return {"args": args} if args else {}


@method("auth.test", limit=HUNDREDS, accepts_json=True)
def auth_test(call: Call) -> dict[str, Any]:
    """Who the token belongs to."""
    bot = {"bot_id": identity.BOT_ID} if call.caller.is_bot else {}
    return {
        "url": f"{call.base_url}/",
        "team": identity.TEAM_NAME,
        "user": call.caller.name,
        "team_id": identity.TEAM_ID,
        "user_id": call.caller.user_id,
        **bot,
        "is_enterprise_install": False,
    }
