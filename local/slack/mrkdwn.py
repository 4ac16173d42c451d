"""Slack's mrkdwn: the text as Slack stores it, and the rich text it stands for.

One reader for both uses, the `blocks` Slack composes from a plain text and the page. Its result holds literal texts
only; that is what makes it impossible for a message to become markup of the page.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

Element = dict[str, Any]

_URL = r"(?:https?://|mailto:|tel:|slack://)[^\s<>|]+"
_CONTROL = re.compile(rf"<(?:[@#][A-Z0-9]+|![^<>|\n]+|{_URL})(?:\|[^<>\n]*)?>")
_BARE_URL = re.compile(r"(?<![\w<|/])https?://[^\s<>|]+[^\s<>|.,;:!?)\]}'\"*_~`]")
_ENTITY = re.compile(r"&(?!(?:amp|lt|gt);)")
_FENCE = re.compile(r"```\n?(.+?)\n?```", re.DOTALL)
# A mark opens after a non-word and closes before one; its body holds no second mark, which keeps the search linear.
_INLINE = re.compile(
    r"(?P<control><[^<>\n]+>)"
    r"|`(?P<code>[^`\n]+)`"
    r"|(?<![\w*])\*(?P<bold>[^\s*](?:[^*\n]*[^\s*])?)\*(?![\w*])"
    r"|(?<![\w_])_(?P<italic>[^\s_](?:[^_\n]*[^\s_])?)_(?![\w_])"
    r"|(?<![\w~])~(?P<strike>[^\s~](?:[^~\n]*[^\s~])?)~(?![\w~])"
    r"|(?<![\w:]):(?P<emoji>[a-z0-9_+'-]+(?:::skin-tone-[2-6])?):(?![\w:])"
)
_BROADCASTS = ("channel", "here", "everyone")


def stored(text: str, *, link_urls: bool = False) -> str:
    """The text as Slack keeps it: `&`, `<`, `>` escaped unless they already were or form a control sequence.

    `link_urls` wraps bare web addresses in `<>`, as Slack does in the text of a message but not in blocks.
    """
    parts, at = [], 0
    for match in _CONTROL.finditer(text):
        parts += [_escaped(text[at : match.start()], link_urls), match.group()]
        at = match.end()
    return "".join([*parts, _escaped(text[at:], link_urls)])


def _escaped(text: str, link_urls: bool) -> str:
    plain = _ENTITY.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
    return _BARE_URL.sub(lambda match: f"<{match.group()}>", plain) if link_urls else plain


def rich_text(text: str) -> Element:
    """The `rich_text` block a stored text stands for."""
    return {"type": "rich_text", "elements": list(_sections(text))}


def _sections(text: str) -> Iterator[Element]:
    at = 0
    for fence in _FENCE.finditer(text):
        yield from _paragraphs(text[at : fence.start()].removesuffix("\n"))
        yield {"type": "rich_text_preformatted", "elements": [_text(html.unescape(fence[1]))], "border": 0}
        at = fence.end()
    yield from _paragraphs(text[at:].removeprefix("\n") if at else text)


def _paragraphs(text: str) -> Iterator[Element]:
    """Runs of quoted and of other lines."""
    run: list[str] = []
    quoted = False
    for line in text.split("\n") if text else ():
        is_quote = line.startswith("&gt;")
        if run and is_quote != quoted:
            yield _run(run, quoted)
            run = []
        quoted = is_quote
        run.append(re.sub(r"^&gt; ?", "", line) if is_quote else line)
    if run:
        yield _run(run, quoted)


def _run(lines: list[str], quoted: bool) -> Element:
    kind = "rich_text_quote" if quoted else "rich_text_section"
    return {"type": kind, "elements": list(inline("\n".join(lines)))}


def inline(text: str, style: dict[str, bool] | None = None) -> Iterator[Element]:
    """The inline elements of a stored text."""
    at = 0
    for match in _INLINE.finditer(text):
        if match.start() > at:
            yield _text(html.unescape(text[at : match.start()]), style)
        yield from _marked(match, style or {})
        at = match.end()
    if at < len(text):
        yield _text(html.unescape(text[at:]), style)


def _marked(match: re.Match[str], style: dict[str, bool]) -> Iterator[Element]:
    kind, body = match.lastgroup or "", match[match.lastgroup or 0]
    if kind == "control":
        yield _control(body[1:-1], style)
    elif kind == "emoji":
        yield {"type": "emoji", "name": body}
    elif kind == "code":
        yield _text(html.unescape(body), {**style, "code": True})
    else:
        yield from inline(body, {**style, kind: True})


def _control(body: str, style: dict[str, bool]) -> Element:
    target, _, label = body.partition("|")
    if target.startswith("@"):
        element: Element = {"type": "user", "user_id": target[1:]}
    elif target.startswith("#"):
        element = {"type": "channel", "channel_id": target[1:]}
    elif target.startswith("!"):
        element = _special(target[1:], html.unescape(label))
    elif re.match(_URL, target):
        element = {"type": "link", "url": html.unescape(target)}
        if label:
            element["text"] = html.unescape(label)
    else:
        return _text(html.unescape(f"<{body}>"), style)
    return {**element, "style": style} if style else element


def _special(target: str, label: str) -> Element:
    name, _, rest = target.partition("^")
    if name in _BROADCASTS:
        return {"type": "broadcast", "range": name}
    if name == "subteam":
        return {"type": "usergroup", "usergroup_id": rest}
    moment, _, shape = rest.partition("^")
    if name == "date" and moment.isdigit():
        shape, _, link = shape.partition("^")
        return {"type": "date", "timestamp": int(moment), "format": shape, "url": link or None, "fallback": label}
    return _text(label or f"<!{target}>")


def _text(text: str, style: dict[str, bool] | None = None) -> Element:
    return {"type": "text", "text": text, "style": style} if style else {"type": "text", "text": text}
