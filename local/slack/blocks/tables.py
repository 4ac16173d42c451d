"""Every block a message may hold, and what each may hold: one table, to be read beside docs.slack.dev.

The youngest blocks (plan, task_card, container) are open: their known limits are checked and unknown fields pass, since
Slack still changes them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from local.slack.blocks import elements
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
    Unique,
    Url,
    complaint,
)

_ID: Mapping[str, Rule] = {"block_id": String(255, least=0)}


def _block(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, **more: Any) -> Fields:
    return Fields(required, {**_ID, **(optional or {})}, **more)


_CELL = ByType(
    {
        "raw_text": Fields({"text": String()}),
        "raw_number": Fields({"value": Number()}, {"text": String()}),
        "rich_text": elements.RICH_TEXT,
    }
)
_COLUMN = Nullable(Fields({}, {"align": Choice(("left", "center", "right")), "is_wrapped": Boolean()}))

_LABEL = String(20)
_SEGMENT = Fields({"label": _LABEL, "value": Number(0)})
_POINT = Fields({"label": _LABEL, "value": Number()})
_SERIES = Unique(Items(Fields({"name": _LABEL, "data": Items(_POINT, 20)}), 6), "name")
_AXES = Fields({"categories": Items(_LABEL, 20)}, {"x_label": String(50), "y_label": String(50)})


class _Plot(Fields):
    """A chart over categories: every series has exactly one point for each category."""

    def errors(self, value: Any, at: str) -> Iterator[str]:
        found = list(super().errors(value, at))
        yield from found
        if found:
            return
        categories = value["axis_config"]["categories"]
        for index, series in enumerate(value["series"]):
            if sorted(point["label"] for point in series["data"]) != sorted(categories):
                yield complaint("labels must match the categories of the axis", f"{at}/series/{index}/data")


_PLOT = _Plot({"series": _SERIES, "axis_config": _AXES})
_CHART = ByType({"pie": Fields({"segments": Items(_SEGMENT, 6)}), "line": _PLOT, "bar": _PLOT, "area": _PLOT})

_TASK = Fields(
    {"task_id": String(), "title": String()},
    {
        **_ID,
        "status": Choice(("pending", "in_progress", "complete", "error")),
        "details": elements.EMBEDDED_RICH_TEXT,
        "output": elements.EMBEDDED_RICH_TEXT,
        "sources": Items(Anything(), least=0),
    },
    open=True,
)
_ACTIONS = Unique(Items(ByType(elements.INTERACTIVE), 25), "action_id")
_CONTEXT_ACTIONS = Items(Fields({"type": Choice(("feedback_buttons", "icon_button"))}, open=True), 5)

BASIC: dict[str, Rule] = {
    "actions": _block({"elements": _ACTIONS}),
    "context": _block({"elements": Items(elements.CONTEXT_ELEMENT, 10)}),
    "divider": _block({}),
    "header": _block({"text": elements.plain_text(150)}),
    "image": _block(
        {"alt_text": String(2000)},
        {"image_url": Url(), "slack_file": Anything(), "title": elements.plain_text(2000)},
        any_of=("image_url", "slack_file"),
    ),
    "rich_text": elements.RICH_TEXT,
    "section": _block(
        {},
        {
            "text": elements.text(3000),
            "fields": Items(elements.text(2000), 10),
            "accessory": elements.ACCESSORY,
            "expand": Boolean(),
        },
        any_of=("text", "fields"),
    ),
    "table": _block({"rows": Items(Items(_CELL, 20), 100)}, {"column_settings": Items(_COLUMN, 20, least=0)}),
}
MESSAGE: dict[str, Rule] = {
    **BASIC,
    "context_actions": _block({"elements": _CONTEXT_ACTIONS}),
    "data_table": _block(
        {"caption": String(), "rows": Items(Items(_CELL, 20), 101, least=2)},
        {"page_size": Number(1), "row_header_column_index": Number(0)},
    ),
    "data_visualization": _block({"title": String(50), "chart": _CHART}),
    "markdown": _block({"text": String(12_000)}),
    "task_card": _TASK,
    "plan": _block({"title": String()}, {"tasks": Items(_TASK, least=0)}, open=True),
    "container": _block(
        {"child_blocks": Items(ByType(BASIC), 10)},
        {
            "title": elements.plain_text(150),
            "rich_text_title": elements.EMBEDDED_RICH_TEXT,
            "subtitle": Union({kind: Fields({"text": String(150)}, open=True) for kind in ("plain_text", "mrkdwn")}),
            "width": Choice(("narrow", "standard", "wide", "full")),
            "is_collapsible": Boolean(),
            "default_collapsed": Boolean(),
        },
        any_of=("title", "rich_text_title"),
        open=True,
    ),
}
BLOCKS = Unique(Items(ByType(MESSAGE), 50, least=0), "block_id")
