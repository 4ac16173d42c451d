"""Snowflake's errors in words: what is wrong, and what somebody has to do about it.

Snowflake says "does not exist or not authorized" for a grant, an edition and a slip of the pen alike, and its client
says "could not connect" for a wrong key and a cut cable; the reader of a digest needs to know which. Pure: an error is
read by its number and its text, so that nothing here imports the connector.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Template

from include.metalayer.answer import State
from include.metalayer.query import Query
from include.settings.connections import SNOWFLAKE_META

READER = "META_READER"
WAREHOUSE = "META_WH"
SETUP = "deploy/snowflake"
LONGEST = 200

NOT_THERE = 2003
# The client's own number for a login that came to nothing; of those, a network that fails has a class of its own.
NO_LOGIN = 250001
_OBJECT = re.compile(r"'([^']+)' does not exist or not authorized", re.IGNORECASE)
_NUMBER = re.compile(r"^\d{6}:?\s*(\([0-9A-Z]{5}\))?:?\s*")
_NETWORK = ("ConnectionError", "Timeout", "OperationalError", "gaierror", "SSLError", "RetryRequest")


@dataclass(frozen=True)
class Refusal:
    """Why a question has no answer; `state` is never ANSWERED."""

    state: State
    reason: str


def refusal(error: BaseException, query: Query) -> Refusal:
    """What an error of the connector, of the hook or of our own says to a person."""
    number, words = _number(error), _words(error)
    if number == NOT_THERE:
        return _not_there(words, query)
    if number in _SENTENCES:
        state, sentence = _SENTENCES[number]
        return Refusal(state, _filled(sentence, query, words))
    if 390000 <= number < 391000:
        return Refusal(State.FAILED, _filled(_LOGIN, query, words))
    return Refusal(State.FAILED, _by_kind(error, query, words))


def lacks_object(error: BaseException) -> bool:
    """Whether Snowflake says that what a statement names does not exist, or may not be seen by this role."""
    return _number(error) == NOT_THERE


def _not_there(words: str, query: Query) -> Refusal:
    found = _OBJECT.search(words)
    name = found[1] if found else "what it reads"
    if not name.upper().startswith("SNOWFLAKE"):
        return Refusal(State.FAILED, _filled(_OURS_IS_AWAY, query, name))
    grants = "; ".join(f"grant database role SNOWFLAKE.{role} to role {READER}" for role in query.database_roles)
    return Refusal(State.CANNOT_KNOW, f"{READER} may not read {name}: run `{grants}` as ACCOUNTADMIN.")


def _by_kind(error: BaseException, query: Query, words: str) -> str:
    kinds = {kind.__name__ for kind in type(error).__mro__}
    if "AirflowNotFoundException" in kinds:
        return _filled(_NO_CONNECTION, query, words)
    if kinds.intersection(_NETWORK) or isinstance(error, OSError):
        return _filled(_AWAY, query, words)
    return _filled(_LOGIN, query, words) if _number(error) == NO_LOGIN else words


def _number(error: BaseException) -> int:
    number = getattr(error, "errno", None)
    # An OSError's number is the system's, not Snowflake's.
    return number if isinstance(number, int) and not isinstance(error, OSError) else 0


def _words(error: BaseException) -> str:
    """The error's first line, without its number, as one sentence."""
    raw = getattr(error, "raw_msg", None) or str(error) or type(error).__name__
    lines = [line.strip() for line in _NUMBER.sub("", str(raw)).splitlines() if line.strip()]
    text = " ".join(lines)[:LONGEST].rstrip(" .")
    return f"{text}."


def _filled(sentence: str, query: Query, words: str) -> str:
    return Template(sentence).substitute(
        file=query.path.name, reader=READER, warehouse=WAREHOUSE, setup=SETUP, connection=SNOWFLAKE_META, words=words
    )


_AWAY = "Snowflake cannot be reached: look at the network and at the host of the connection $connection. ($words)"
_LOGIN = "Snowflake refuses the login of the connection $connection: correct its user, key or role. ($words)"
_NO_CONNECTION = "Airflow has no connection $connection: make it as docs/how-to/snowflake-account.md says. ($words)"
_OURS_IS_AWAY = "$words does not exist or $reader may not use it: run $setup again, or correct $file."
_SENTENCES: Mapping[int, tuple[State, str]] = {
    # No active warehouse selected: the connection's is missing, or may not be used.
    606: (
        State.FAILED,
        "There is no warehouse $warehouse that $reader may use: run $setup again "
        "(`grant usage on warehouse $warehouse to role $reader`).",
    ),
    604: (State.FAILED, "Somebody cancelled the statement of $file: ask again."),
    630: (State.FAILED, "The statement of $file took too long and was stopped: bound it more tightly. ($words)"),
    666: (State.FAILED, "Snowflake has suspended the account: settle it with Snowflake. ($words)"),
    904: (State.FAILED, "$file names a column that Snowflake does not have: correct it. ($words)"),
    1003: (State.FAILED, "Snowflake cannot read the statement of $file: correct it. ($words)"),
    3001: (State.CANNOT_KNOW, "$reader lacks a grant: run $setup again. ($words)"),
    90073: (State.FAILED, "The month's credits of $warehouse are used up: raise its resource monitor. ($words)"),
}
