"""What containers start with: secrets from a file, names filled in, one sentence when something is missing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.image import entrypoint
from deploy.image.entrypoint import IncompleteEnvironment
from tests.standins import ROOT

PROGRAM = ROOT / "deploy" / "image" / "entrypoint.py"


def started(tmp_path: Path, secrets: str | None, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    path = tmp_path / "backbeat.env"
    if secrets is not None:
        path.write_text(secrets)
    environment = {"PATH": os.environ["PATH"], "BACKBEAT_SECRETS": str(path), **variables}
    return subprocess.run(
        [sys.executable, PROGRAM, *command], env=environment, capture_output=True, text=True, timeout=60
    )


def test_names_are_filled_in_from_the_file_and_the_file_wins(tmp_path: Path) -> None:
    secrets = "POSTGRES_PASSWORD=pa$$word\nAIRBYTE_URL='https://api.airbyte.com/v1'\nSLACK_BOT_TOKEN=\n"
    result = started(
        tmp_path,
        secrets,
        *("sh", "-c", 'printf "%s %s %s" "$DSN" "$AIRBYTE_URL" "$SLACK_BOT_TOKEN"'),
        DSN="postgresql://me:${POSTGRES_PASSWORD}@postgres/db",
        AIRBYTE_URL="http://airbyte:8006",
        SLACK_BOT_TOKEN="from the deployment",
    )
    assert result.stdout == "postgresql://me:pa$$word@postgres/db https://api.airbyte.com/v1 from the deployment"


def test_without_a_file_the_variables_are_taken_as_they_are(tmp_path: Path) -> None:
    assert started(tmp_path, None, "sh", "-c", "printf %s $A", A="b").stdout == "b"


def test_a_name_without_a_value_is_one_sentence(tmp_path: Path) -> None:
    result = started(tmp_path, "", "true", DSN="postgresql://${POSTGRES_PASSWORD}@x")
    assert result.returncode == entrypoint.CONFIGURATION_ERROR
    assert result.stderr.splitlines() == [
        "DSN needs POSTGRES_PASSWORD, which has no value. Run `make env`, or set it in .env."
    ]


def test_an_unknown_program_is_one_sentence(tmp_path: Path) -> None:
    result = started(tmp_path, "", "airlfow", "scheduler")
    assert (result.returncode, result.stderr.strip()) == (127, "There is no program named airlfow in this image.")


def test_a_file_that_this_account_may_not_read_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "backbeat.env"
    path.write_text("A=1")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(entrypoint, "dotenv_values", refused)
    with pytest.raises(IncompleteEnvironment, match=r"cannot be read by account .*BACKBEAT_UID"):
        entrypoint.read(path)
