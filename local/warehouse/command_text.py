"""The statements sqlglot leaves unparsed, read by hand.

sqlglot gives back a bare Command for CREATE ROLE, most GRANTs, SHOW PARAMETERS and the like. This is the one place
that reads such text; it works on sqlglot's tokens, so quoting, comments and $$strings$$ are handled as everywhere else.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp, tokenize
from sqlglot.tokens import Token, TokenType

from .errors import SqlError

_STRINGS = {TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING}


class Words:
    """A cursor over the tokens of one statement."""

    def __init__(self, command: exp.Command):
        rest = command.args.get("expression")
        text = rest.name if isinstance(rest, exp.Expr) else str(rest or "")
        self.statement = f"{command.name} {text}".strip()
        self._tokens: list[Token] = tokenize(self.statement, read="snowflake")
        self._position = 0

    def peek(self) -> str:
        return "" if self.done() else self._tokens[self._position].text.upper()

    def done(self) -> bool:
        return self._position >= len(self._tokens) or self._tokens[self._position].token_type == TokenType.SEMICOLON

    def take(self, *words: str) -> bool:
        """Step over these words if they come next. A token may hold several words."""
        start = self._position
        wanted = " ".join(words).upper()
        found = ""
        while not self.done() and len(found) < len(wanted):
            found = f"{found} {self.peek()}".strip()
            self._position += 1
        if found == wanted:
            return True
        self._position = start
        return False

    def expect(self, *words: str) -> None:
        if not self.take(*words):
            raise self.error()

    def one_of(self, *choices: str) -> str | None:
        return next((choice for choice in choices if self.take(*choice.split())), None)

    def word(self) -> str:
        """The next token in upper case."""
        if self.done():
            raise self.error()
        text = self.peek()
        self._position += 1
        return text

    def name(self) -> str:
        """A possibly dotted object name, unquoted parts in upper case."""
        parts = [self._identifier()]
        while self.peek() == ".":
            self._position += 1
            parts.append(self._identifier())
        return ".".join(parts)

    def _identifier(self) -> str:
        if self.done():
            raise self.error()
        token = self._tokens[self._position]
        self._position += 1
        return token.text if token.token_type == TokenType.IDENTIFIER else token.text.upper()

    def value(self) -> Any:
        """A property's value: string, number, TRUE/FALSE or a bare word; a list in parentheses as text."""
        if self.peek() == "(":
            return self._parenthesised()
        if self.done():
            raise self.error()
        token = self._tokens[self._position]
        self._position += 1
        if token.token_type in _STRINGS:
            return token.text
        if token.token_type == TokenType.NUMBER and token.text.isdigit():
            return int(token.text)
        word = token.text if token.token_type == TokenType.IDENTIFIER else token.text.upper()
        return {"TRUE": True, "FALSE": False}.get(word, word)

    def _parenthesised(self) -> str:
        depth, texts = 0, []
        while not self.done():
            text = self._tokens[self._position].text
            self._position += 1
            depth += (text == "(") - (text == ")")
            texts.append(text)
            if depth == 0:
                return " ".join(texts[1:-1])
        raise self.error()

    def properties(self) -> dict[str, Any]:
        """`NAME = value ...` to the end, with or without commas."""
        found: dict[str, Any] = {}
        while not self.done():
            if self.take(","):
                continue
            name = self.word()
            if name == "WITH":
                continue
            if name == "TAG":
                self.value()
                continue
            if name == "TRIGGERS":
                found |= self._triggers()
                continue
            self.expect("=")
            found[name] = self.value()
        return found

    def _triggers(self) -> dict[str, str]:
        """A resource monitor's `ON 75 PERCENT DO NOTIFY ...`, by the columns of SHOW RESOURCE MONITORS."""
        found: dict[str, list[str]] = {"NOTIFY_AT": [], "SUSPEND_AT": [], "SUSPEND_IMMEDIATELY_AT": []}
        while self.take("ON"):
            percent = self.word()
            self.expect("PERCENT")
            self.expect("DO")
            action = self.one_of("NOTIFY", "SUSPEND_IMMEDIATE", "SUSPEND")
            if action is None:
                raise self.error()
            found["SUSPEND_IMMEDIATELY_AT" if action == "SUSPEND_IMMEDIATE" else f"{action}_AT"].append(f"{percent}%")
        return {name: ",".join(percents) for name, percents in found.items()}

    def error(self) -> SqlError:
        near = self._tokens[min(self._position, len(self._tokens) - 1)].text if self._tokens else ""
        return SqlError(1003, "42000", f"SQL compilation error:\nsyntax error unexpected '{near}'.")


@dataclass
class GrantClause:
    """What a GRANT or REVOKE is about, however it was parsed."""

    privileges: list[str]
    kind: str
    name: str
    grantee_kind: str
    grantee: str
    coverage: str = "ONE"  # ONE object, ALL of a kind in a container, or FUTURE ones
    container_kind: str = ""
    grant_option: bool = False


def grant_clause(words: Words) -> GrantClause:
    """GRANT|REVOKE in the forms sqlglot does not know: roles, ALL and FUTURE objects, OWNERSHIP."""
    words.word()
    words.take("GRANT OPTION FOR")
    if words.take("DATABASE", "ROLE"):
        clause = GrantClause(["USAGE"], "DATABASE_ROLE", words.name(), "", "")
    elif words.peek() == "ROLE":
        words.word()
        clause = GrantClause(["USAGE"], "ROLE", words.name(), "", "")
    else:
        clause = _object_clause(words)
    if not (words.take("TO") or words.take("FROM")):
        raise words.error()
    clause.grantee_kind = words.one_of("DATABASE ROLE", "APPLICATION ROLE", "ROLE", "USER", "SHARE") or "ROLE"
    clause.grantee = words.name()
    clause.grant_option = words.take("WITH", "GRANT", "OPTION")
    return clause


def _object_clause(words: Words) -> GrantClause:
    privileges = [""]
    while words.peek() != "ON":
        if words.done():
            raise words.error()
        if words.take(","):
            privileges.append("")
        else:
            privileges[-1] = f"{privileges[-1]} {words.word()}".strip()
    words.expect("ON")
    coverage = words.one_of("ALL", "FUTURE")
    if coverage:
        kind = ""
        while words.peek() != "IN":
            kind = f"{kind} {words.word()}".strip()
        words.expect("IN")
        container = words.one_of("DATABASE", "SCHEMA") or "SCHEMA"
        singular = kind.removesuffix("S")
        return GrantClause(privileges, singular, words.name(), "", "", coverage, container)
    if words.take("ACCOUNT"):
        return GrantClause(privileges, "ACCOUNT", "LOCAL", "", "")
    kind = words.word()
    while words.peek() in {"TABLE", "VIEW", "MONITOR", "FORMAT", "INTEGRATION"}:
        kind = f"{kind} {words.word()}"
    return GrantClause(privileges, kind, words.name(), "", "")


@dataclass
class ColumnComments:
    """ALTER TABLE t ALTER a COMMENT '...', b COMMENT '...', dbt's way to persist column docs."""

    kind: str
    name: str
    comments: dict[str, str] = field(default_factory=dict)


def column_comments(words: Words) -> ColumnComments | None:
    """None when the ALTER is about anything else."""
    words.expect("ALTER")
    kind = words.one_of("TABLE", "VIEW")
    if not kind:
        return None
    words.take("IF", "EXISTS")
    found = ColumnComments(kind, words.name())
    if not (words.take("ALTER") or words.take("MODIFY")):
        return None
    enclosed = words.take("(")
    while not words.done() and not (enclosed and words.take(")")):
        words.take(",")
        words.take("COLUMN")
        column = words.name()
        if not words.take("COMMENT"):
            return None
        found.comments[column] = str(words.value())
    return found
