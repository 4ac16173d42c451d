"""The Web API's methods, each registered under its Slack name by the module that holds it."""

from local.slack.methods import basics, chat, conversations, files, reactions
from local.slack.methods.registry import METHODS, Call, Method

__all__ = ["METHODS", "Call", "Method", "basics", "chat", "conversations", "files", "reactions"]
