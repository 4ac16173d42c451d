"""QUERY_HASH and QUERY_PARAMETERIZED_HASH: which statements are the same question.

Snowflake does not say how it makes them; what is kept is what they are for. Spaces, comments and letter case do not
matter to the first, nor does any literal to the second.
"""

import hashlib
from functools import lru_cache
from typing import NamedTuple

from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

_LITERALS = {TokenType.STRING, TokenType.RAW_STRING, TokenType.NUMBER, TokenType.HEX_STRING, TokenType.BIT_STRING}


class Fingerprints(NamedTuple):
    """Two md5 hashes in hexadecimal."""

    query: str
    parameterized: str


@lru_cache(256)
def fingerprints(text: str) -> Fingerprints:
    try:
        tokens = tokenize(text, read="snowflake")
    except SqlglotError:
        return Fingerprints(_md5([text]), _md5([text]))
    exact, parameterized = [], []
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            continue
        literal = token.token_type in _LITERALS
        # A quoted name and a text keep their case.
        word = repr(token.text) if literal or token.token_type == TokenType.IDENTIFIER else token.text.upper()
        exact.append(word)
        parameterized.append("?" if literal else word)
    return Fingerprints(_md5(exact), _md5(parameterized))


def _md5(words: list[str]) -> str:
    return hashlib.md5(" ".join(words).encode(), usedforsecurity=False).hexdigest()
