"""`.env`: written once from `.env.example` with made-up secrets, then read, never rewritten but for missing keys."""

from __future__ import annotations

import base64
import re
import secrets
from pathlib import Path

from dotenv import dotenv_values

from local.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
# Values are pasted into shells by `. ./.env`, so anything that a shell would interpret is refused.
SAFE = re.compile(r"[A-Za-z0-9_.:/@%+=,~-]*")


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


GENERATORS = {
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRBYTE_CLIENT_ID": lambda: f"local-{secrets.token_hex(8)}",
    "SLACK_BOT_TOKEN": lambda: f"xoxb-local-{secrets.token_hex(16)}",
    "PAYMENTS_API_KEY": lambda: f"sk_test_local_{secrets.token_hex(16)}",
    "AIRFLOW_ADMIN_PASSWORD": lambda: secrets.token_urlsafe(12),
}


def _generated(key: str) -> str:
    return GENERATORS.get(key, lambda: secrets.token_hex(24))()


def _is_secret(key: str) -> bool:
    return key.endswith(("_PASSWORD", "_SECRET", "_KEY", "_TOKEN", "_CLIENT_ID"))


def read(path: Path) -> dict[str, str]:
    """The variables of an env file.

    Raises StackError, naming the line, when a value has a character that a shell would interpret.
    """
    values = {key: value or "" for key, value in dotenv_values(path, interpolate=False).items()}
    for key, value in values.items():
        if not SAFE.fullmatch(value):
            raise StackError(
                f"{path.name}: the value of {key} has a character other than letters, digits and _.:/@%+=,~-"
            )
    return values


def write_missing(path: Path) -> dict[str, str]:
    """Make `.env` if it is missing, add the keys it lacks, and return all its values.

    The file is readable by its owner only, and a value that is there is never changed.
    """
    example = EXAMPLE.read_text().splitlines()
    lines = path.read_text().splitlines() if path.exists() else example
    present = read(path) if path.exists() else read(EXAMPLE)
    lines += [line for line in example if "=" in line and line[0] != "#" and line.partition("=")[0] not in present]
    lines = [f"{line}{_generated(line[:-1])}" if _wants_value(line) else line for line in lines]
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.touch(mode=0o600)
        path.write_text(text)
    return read(path)


def _wants_value(line: str) -> bool:
    return line.endswith("=") and not line.startswith("#") and _is_secret(line[:-1])
