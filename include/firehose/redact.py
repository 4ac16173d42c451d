"""Take secrets and tricks out of text that somebody else wrote.

An exception's text may carry a password, a bell character or a direction override that makes a line read as another
one. It is cleaned before it is stored and again before it is shown. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "***"
# Shorter values are words of the language rather than secrets; masking them would eat the message.
SHORTEST_SECRET = 8

_NAME = r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key)[\w-]{0,40}"
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    # (what it finds, what stays in its place)
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    (re.compile(r"\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{16,}", re.IGNORECASE), MASK),
    (re.compile(r"(\b[a-z][a-z0-9+.-]{1,30}://[^\s:/@]{0,200}:)[^\s@/]{1,500}(?=@)", re.IGNORECASE), rf"\1{MASK}"),
    (re.compile(r"\bxox[a-z]-[A-Za-z0-9-]{4,}|\bxapp-[A-Za-z0-9-]{8,}"), MASK),
    (re.compile(r"\b(?:sk|rk|pk|whsec)_(?:live_|test_)?[A-Za-z0-9_]{8,}"), MASK),
    (re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,})"), MASK),
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}"), MASK),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?"), MASK),
    (
        re.compile(rf"({_NAME}[\"']?\s{{0,3}}[=:]\s{{0,3}}[\"']?)(?!\s|\*\*\*)[^\s\"',;&]{{3,}}", re.IGNORECASE),
        rf"\1{MASK}",
    ),
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_SECRET_VARIABLE = re.compile(r"(PASSWORD|SECRET|TOKEN|_KEY|DSN)", re.IGNORECASE)
_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")


def clean(text: str) -> str:
    """Text without control characters, terminal colours, direction overrides and half surrogates."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return _CONTROLS.sub("", _ANSI.sub("", text.replace("\r\n", "\n")))


def mask(text: str, *, secrets: Iterable[str] = ()) -> str:
    """Clean text with the given values, and whatever looks like a credential, replaced by ***."""
    # Cleaned first: an invisible character inside a password would hide it here and not from a reader.
    text = clean(text)
    for value in sorted(secrets, key=len, reverse=True):
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, MASK)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def secret_values(variables: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The values of the variables whose names say that they are secret."""
    return tuple(value for name, value in variables if _SECRET_VARIABLE.search(name) and len(value) >= SHORTEST_SECRET)
