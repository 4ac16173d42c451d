"""Slack's short names for emoji: which exist and which character each one is."""

from __future__ import annotations

import re

import emoji

_NAME = re.compile(r"[a-z0-9_+'-]+")
# The package knows most of Slack's names as aliases; these are the frequent ones it spells differently.
_SLACK_ONLY = {
    "large_green_circle": "\N{LARGE GREEN CIRCLE}",
    "large_yellow_circle": "\N{LARGE YELLOW CIRCLE}",
    "large_orange_circle": "\N{LARGE ORANGE CIRCLE}",
    "large_red_square": "\N{LARGE RED SQUARE}",
    "large_green_square": "\N{LARGE GREEN SQUARE}",
    "rotating_light": "\N{POLICE CARS REVOLVING LIGHT}",
    "simple_smile": "\N{SLIGHTLY SMILING FACE}",
}


def character(name: str) -> str | None:
    """The character of a short name given without colons, None when Slack has no such emoji."""
    if name in _SLACK_ONLY:
        return _SLACK_ONLY[name]
    if not _NAME.fullmatch(name):
        return None
    marked = f":{name}:"
    text = emoji.emojize(marked, language="alias")
    return None if text == marked else text


def is_known(name: str) -> bool:
    """Whether a reaction of this name can be left. Case and colons matter, as they do on slack.com."""
    return name == name.lower() and character(name.partition("::skin-tone-")[0]) is not None
