"""What stands inside blocks: text objects, rich text, buttons and the other interactive elements."""

from __future__ import annotations

from collections.abc import Mapping

from local.slack.blocks.rules import (
    Anything,
    Boolean,
    ByType,
    Choice,
    Fields,
    Items,
    Nullable,
    Number,
    Rule,
    String,
    Union,
    Url,
)

IDENTIFIER = String(255)


def plain_text(most: int) -> Rule:
    """A `plain_text` object and nothing else."""
    return ByType({"plain_text": Fields({"text": String(most)}, {"emoji": Boolean()})})


def _texts(most: int) -> Mapping[str, Rule]:
    return {
        "mrkdwn": Fields({"text": String(most)}, {"verbatim": Boolean()}),
        "plain_text": Fields({"text": String(most)}, {"emoji": Boolean()}),
    }


def text(most: int) -> Rule:
    """A `plain_text` or `mrkdwn` object."""
    return Union(_texts(most))


CONFIRM = Fields(
    {"title": plain_text(100), "text": text(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": Choice(("primary", "danger"))},
)
_OPTION = Fields(
    {"text": text(75), "value": String(150)}, {"description": plain_text(75), "url": Url(), "emoji": Boolean()}
)
_GROUP = Fields({"label": plain_text(75), "options": Items(_OPTION, 100)})
_IMAGE_FIELDS: Mapping[str, Rule] = {"image_url": Url(), "slack_file": Anything()}
IMAGE = Fields(
    {"alt_text": String(2000)},
    {**_IMAGE_FIELDS, "image_width": Number(), "image_height": Number(), "image_bytes": Number()},
    any_of=("image_url", "slack_file"),
)
BUTTON = Fields(
    {"text": plain_text(75)},
    {
        "action_id": IDENTIFIER,
        "url": Url(),
        "value": String(2000, least=0),
        "style": Choice(("primary", "danger")),
        "confirm": CONFIRM,
        "accessibility_label": String(75),
    },
)
_COMMON: Mapping[str, Rule] = {"action_id": IDENTIFIER, "confirm": CONFIRM, "focus_on_load": Boolean()}
_PLACEHOLDER: Mapping[str, Rule] = {**_COMMON, "placeholder": plain_text(150)}


def _choices(most: int, *, multiple: bool) -> Rule:
    initial: Mapping[str, Rule] = (
        {"initial_options": Items(_OPTION, most), "max_selected_items": Number(1)}
        if multiple
        else {"initial_option": _OPTION}
    )
    return Fields(
        {},
        {**_PLACEHOLDER, **initial, "options": Items(_OPTION, most), "option_groups": Items(_GROUP, 100)},
        any_of=("options", "option_groups"),
    )


_MENUS: dict[str, Rule] = {
    f"{prefix}{kind}_select": Fields({}, _PLACEHOLDER, open=True)
    for prefix in ("", "multi_")
    for kind in ("users", "conversations", "channels", "external")
}
INTERACTIVE: dict[str, Rule] = {
    "button": BUTTON,
    "workflow_button": Fields({"text": plain_text(75), "workflow": Anything()}, open=True),
    "overflow": Fields({"options": Items(_OPTION, 5)}, _COMMON),
    "static_select": _choices(100, multiple=False),
    "multi_static_select": _choices(100, multiple=True),
    "checkboxes": _choices(10, multiple=True),
    "radio_buttons": _choices(10, multiple=False),
    "datepicker": Fields({}, {**_PLACEHOLDER, "initial_date": String(10)}),
    "timepicker": Fields({}, {**_PLACEHOLDER, "initial_time": String(5), "timezone": String()}),
    "datetimepicker": Fields({}, {**_COMMON, "initial_date_time": Number()}),
    **_MENUS,
}
ACCESSORY = ByType({**INTERACTIVE, "image": IMAGE})
CONTEXT_ELEMENT = Union({**_texts(3000), "image": IMAGE})

_STYLES = ("bold", "italic", "strike", "underline", "code", "highlight", "client_highlight", "unlink")
_STYLE = Fields({}, {name: Boolean() for name in _STYLES})
_STYLED: Mapping[str, Rule] = {"style": _STYLE}
_TEXT = Fields({"text": String()}, _STYLED)
_LINK = Fields({"url": Url()}, {**_STYLED, "text": String(least=0), "unsafe": Boolean()})
_INLINE = ByType(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": Fields({"name": String()}, {**_STYLED, "unicode": String(), "skin_tone": Number()}),
        "user": Fields({"user_id": String()}, _STYLED),
        "usergroup": Fields({"usergroup_id": String()}, _STYLED),
        "channel": Fields({"channel_id": String()}, _STYLED),
        "team": Fields({"team_id": String()}, _STYLED),
        "broadcast": Fields({"range": Choice(("here", "channel", "everyone"))}, _STYLED),
        "color": Fields({"value": String(7)}, _STYLED),
        "date": Fields(
            {"timestamp": Number(0), "format": String()},
            {**_STYLED, "url": Nullable(Url()), "fallback": String(least=0)},
        ),
    }
)
_BORDER: Mapping[str, Rule] = {"border": Choice((0, 1))}
_SECTION = Fields({"elements": Items(_INLINE, least=0)})
_RICH_PARTS = ByType(
    {
        "rich_text_section": _SECTION,
        "rich_text_list": Fields(
            {"style": Choice(("bullet", "ordered")), "elements": Items(ByType({"rich_text_section": _SECTION}))},
            {**_BORDER, "indent": Choice(tuple(range(9))), "offset": Number(0)},
        ),
        "rich_text_preformatted": Fields(
            {"elements": Items(ByType({"text": _TEXT, "link": _LINK}), least=0)}, {**_BORDER, "language": String()}
        ),
        "rich_text_quote": Fields({"elements": Items(_INLINE, least=0)}, _BORDER),
    }
)
RICH_TEXT = Fields({"elements": Items(_RICH_PARTS)}, {"block_id": String(255, least=0)})
EMBEDDED_RICH_TEXT = ByType({"rich_text": RICH_TEXT})
