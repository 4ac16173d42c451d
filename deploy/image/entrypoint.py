"""What every container starts with: the deployment's secrets go into the environment, then the command runs.

Secrets come as one file in the form of `.env` (BACKBEAT_SECRETS, /run/secrets/backbeat.env where it is not set), which
an inspected container does not show, or as variables, as Kubernetes gives them. A value may name others as `${NAME}`:
addresses and connections are written down with the passwords left open. What the file says wins.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

SECRETS = "/run/secrets/backbeat.env"
# For a variable that is no template, although it looks like one.
OPEN = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
CONFIGURATION_ERROR = 78


class IncompleteEnvironment(ValueError):
    """The container cannot be started with these variables; the message says what is missing."""


def read(path: Path) -> dict[str, str]:
    """The variables of the secrets' file that have a value; none when there is no file."""
    try:
        if not path.exists():
            return {}
        return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value}
    except OSError as error:
        raise IncompleteEnvironment(
            f"{path} cannot be read by account {os.getuid()}: {error.strerror}. Run `make env` again, which gives "
            ".env to the account that the containers run as (BACKBEAT_UID)."
        ) from error


def filled(variables: Mapping[str, str]) -> dict[str, str]:
    """The variables with every `${NAME}` in a value replaced by that variable's value.

    Raises IncompleteEnvironment for a name that has no value.
    """

    def fill(name: str, value: str) -> str:
        def one(match: re.Match[str]) -> str:
            wanted = match.group(1)
            if not variables.get(wanted):
                raise IncompleteEnvironment(
                    f"{name} needs {wanted}, which has no value. Run `make env`, or set it in .env."
                )
            return variables[wanted]

        return OPEN.sub(one, value)

    return {name: fill(name, value) for name, value in variables.items()}


def main(command: list[str]) -> None:
    """Become the command. Ends with one sentence when the environment is not complete."""
    try:
        secrets = read(Path(os.environ.get("BACKBEAT_SECRETS", SECRETS)))
        environment = filled({**os.environ, **secrets})
    except IncompleteEnvironment as error:
        print(error, file=sys.stderr)
        sys.exit(CONFIGURATION_ERROR)
    try:
        os.execvpe(command[0], command, environment)
    except FileNotFoundError:
        print(f"There is no program named {command[0]} in this image.", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
