"""What the templates need to turn Slack's structures into safe markup.

Everything a sender controls reaches the page through autoescape, through `safe_url` or through markdown-it with raw
HTML off. Nothing here marks a sender's text as safe.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

from markdown_it import MarkdownIt
from markupsafe import Markup

from local.slack import emojis, identity, mrkdwn, timestamps
from local.slack.channels import Channels

_SAFE_LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_SAFE_IMAGE = re.compile(r"(?:https?://|/files-pri/)", re.IGNORECASE)
_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_NAMED_COLOURS = {"good": "#2eb67d", "warning": "#ecb22e", "danger": "#e01e5a"}
_SHORT_NAME = re.compile(r":([a-z0-9_+'-]+):")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
_MARKDOWN.validateLink = lambda url: bool(_SAFE_LINK.match(url))  # type: ignore[method-assign]


def safe_url(url: Any) -> str | None:
    """An address a link may have, None for a script or anything unknown."""
    return url if isinstance(url, str) and _SAFE_LINK.match(url) else None


def safe_image(url: Any) -> str | None:
    """An address an image may have."""
    return url if isinstance(url, str) and _SAFE_IMAGE.match(url) else None


def colour(value: Any) -> str:
    """The bar of an attachment; grey when it is no colour."""
    if value in _NAMED_COLOURS:
        return _NAMED_COLOURS[value]
    match = _COLOUR.fullmatch(str(value or ""))
    return f"#{match[1]}" if match else "#dddddd"


def emoji_character(name: str) -> str:
    """The character of a short name, or the name with its colons as Slack shows an unknown one."""
    base, _, tone = name.partition("::skin-tone-")
    found = emojis.character(base)
    if found is None:
        return f":{name}:"
    return found + (chr(0x1F3FB + int(tone) - 2) if tone.isdigit() and 2 <= int(tone) <= 6 else "")


def plain(text: str) -> str:
    """A `plain_text`: literal but for emoji names."""
    return _SHORT_NAME.sub(lambda match: emoji_character(match[1]), text)


def rich_parts(text: str) -> list[dict[str, Any]]:
    """The rich text parts of a stored mrkdwn text."""
    parts: list[dict[str, Any]] = mrkdwn.rich_text(text)["elements"]
    return parts


def markdown(text: str) -> Markup:
    """A `markdown` block. markdown-it escapes what it does not understand, raw HTML included."""
    return Markup(_MARKDOWN.render(text))


def clock_time(ts: str) -> str:
    """`14:05`, in this machine's time zone."""
    return timestamps.local_time(ts).strftime("%H:%M")


def full_time(ts: str) -> str:
    """`Monday 23 November 2026, 14:05:09 CET`."""
    moment = timestamps.local_time(ts)
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M:%S %Z}"


def iso_time(ts: str) -> str:
    """For the `datetime` attribute."""
    return timestamps.local_time(ts).isoformat()


def day_name(day: date) -> str:
    """`Today`, `Yesterday`, else the date; the year only when it is another one."""
    age = (date.today() - day).days
    if age in (0, 1):
        return "Today" if age == 0 else "Yesterday"
    return f"{day:%A}, {day.day} {day:%B}" + ("" if day.year == date.today().year else f" {day.year}")


def ago(ts: str) -> str:
    """When a reply came: `today at 14:05`."""
    return f"{day_name(timestamps.local_time(ts).date()).lower()} at {clock_time(ts)}"


_DATE_FORMS: dict[str, Callable[[datetime], str]] = {
    "date_num": lambda moment: f"{moment:%Y-%m-%d}",
    "date": lambda moment: f"{moment:%B} {moment.day}, {moment.year}",
    "date_short": lambda moment: f"{moment:%b} {moment.day}, {moment.year}",
    "date_long": lambda moment: f"{moment:%A, %B} {moment.day}, {moment.year}",
    "date_pretty": lambda moment: day_name(moment.date()),
    "date_short_pretty": lambda moment: day_name(moment.date()),
    "date_long_pretty": lambda moment: day_name(moment.date()),
    "time": lambda moment: f"{moment:%H:%M}",
    "time_secs": lambda moment: f"{moment:%H:%M:%S}",
    "ago": lambda moment: day_name(moment.date()).lower(),
}


def formatted_date(element: dict[str, Any]) -> str:
    """A date element in this machine's time zone; its fallback when the moment cannot be shown."""
    try:
        moment = datetime.fromtimestamp(float(element["timestamp"]), UTC).astimezone()
    except (OverflowError, OSError, ValueError):
        return str(element.get("fallback", ""))
    return re.sub(
        r"\{(\w+)\}",
        lambda match: _DATE_FORMS[match[1]](moment) if match[1] in _DATE_FORMS else match[0],
        str(element["format"]),
    )


def user_name(user_id: str) -> str:
    """Who an id is; the id itself for a stranger."""
    known = identity.PEOPLE.get(user_id)
    return known.display_name if known else user_id


def channel_names(channels: Channels) -> Callable[[str], str]:
    """A lookup of channel names by id."""

    def name(channel_id: str) -> str:
        return next((channel.name for channel in channels.all() if channel.channel_id == channel_id), channel_id)

    return name


FILTERS: dict[str, Callable[..., Any]] = {
    filter.__name__: filter
    for filter in (
        safe_url,
        safe_image,
        colour,
        emoji_character,
        plain,
        rich_parts,
        markdown,
        clock_time,
        full_time,
        iso_time,
        day_name,
        ago,
        formatted_date,
        user_name,
    )
}
