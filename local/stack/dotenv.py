"""`.env`: written once from `.env.example` with made-up secrets, then read, never rewritten but for missing keys.

`python -m local.stack.dotenv` does that and nothing else. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import base64
import os
import re
import secrets
import sys
from pathlib import Path

from local.stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / ".env.example"
# Values are pasted into shells by `. ./.env`, so anything that a shell would interpret is refused, but in quotes.
SAFE = re.compile(r"[A-Za-z0-9_.:/@%+=,~-]*|'[^']*'")
# What is shown once, when it is made up: the passwords of people.
PEOPLE = ("AIRFLOW_ADMIN_PASSWORD", "AIRFLOW_OPERATOR_PASSWORD", "AIRFLOW_VIEWER_PASSWORD")
# The account that the containers run as when root starts them; root's files are open to its group, which is theirs.
IMAGE_ACCOUNT = 50000


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


GENERATORS = {
    "AIRFLOW_FERNET_KEY": _fernet_key,
    "AIRBYTE_CLIENT_ID": lambda: f"local-{secrets.token_hex(8)}",
    "SLACK_BOT_TOKEN": lambda: f"xoxb-local-{secrets.token_hex(16)}",
    "PAYMENTS_API_KEY": lambda: f"sk_test_local_{secrets.token_hex(16)}",
    **dict.fromkeys(PEOPLE, lambda: secrets.token_urlsafe(12)),
    "BACKBEAT_UID": lambda: str(os.getuid() or IMAGE_ACCOUNT),
}


def _generated(key: str) -> str:
    return GENERATORS.get(key, lambda: secrets.token_hex(24))()


def _is_secret(key: str) -> bool:
    return key.endswith(("_PASSWORD", "_SECRET", "_KEY", "_TOKEN", "_CLIENT_ID", "_UID"))


def read(path: Path) -> dict[str, str]:
    """The variables of an env file.

    Raises StackError, naming the line, when a value has a character that a shell would interpret.
    """
    values = {}
    for line in path.read_text().splitlines():
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        if not SAFE.fullmatch(value):
            raise StackError(
                f"{path.name}: the value of {key} has a character other than letters, digits and _.:/@%+=,~-. "
                "Put it in single quotes."
            )
        values[key] = value.strip("'")
    return values


def write_missing(path: Path) -> dict[str, str]:
    """Make `.env` if it is missing, add the keys it lacks, and return all its values.

    The file is readable by its owner only (and, where root owns it, by the group that containers are in), and a value
    that is there is never changed.
    """
    example = EXAMPLE.read_text().splitlines()
    lines = path.read_text().splitlines() if path.exists() else example
    present = read(path) if path.exists() else read(EXAMPLE)
    lines += [line for line in example if "=" in line and line[0] != "#" and line.partition("=")[0] not in present]
    lines = [f"{line}{_generated(line[:-1])}" if _wants_value(line) else line for line in lines]
    text = "\n".join(lines) + "\n"
    if not path.exists() or path.read_text() != text:
        path.touch(mode=0o600)
        path.chmod(0o600 if os.getuid() else 0o640)
        path.write_text(text)
    return read(path)


def _wants_value(line: str) -> bool:
    return line.endswith("=") and not line.startswith("#") and _is_secret(line[:-1])


def main() -> int:
    """Make `.env`, and show the passwords of people that were made up now."""
    path = Path(os.environ.get("BACKBEAT_ENV_FILE", ROOT / ".env"))
    try:
        before = read(path) if path.exists() else {}
        values = write_missing(path)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    new = [name for name in PEOPLE if not before.get(name)]
    if new:
        print("Airflow's people, shown this once (they are in .env):")
    for name in new:
        print(f"  {name.removeprefix('AIRFLOW_').removesuffix('_PASSWORD').lower():<9} {values[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
