"""Block Kit as Slack validates it: rules (the engine), tables (what a block may hold), limits (of a whole message)."""
