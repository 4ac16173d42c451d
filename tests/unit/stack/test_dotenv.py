"""`.env` is made once, completed later, and never changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.stack import dotenv
from local.stack.errors import StackError


def test_a_new_file_has_every_key_of_the_example_and_no_empty_secret(tmp_path: Path) -> None:
    values = dotenv.write_missing(tmp_path / ".env")
    assert values.keys() == dotenv.read(dotenv.EXAMPLE).keys()
    assert all(values.values())


def test_two_files_share_no_secret(tmp_path: Path) -> None:
    one, two = (dotenv.write_missing(tmp_path / name) for name in ("one", "two"))
    empty_in_example = {key for key, value in dotenv.read(dotenv.EXAMPLE).items() if not value}
    secrets = empty_in_example - {"BACKBEAT_UID"}
    assert secrets
    assert all(one[key] != two[key] for key in secrets)


@pytest.mark.parametrize(("account", "mode", "user"), [(1000, 0o600, "1000"), (0, 0o640, "50000")])
def test_only_the_owner_and_the_containers_may_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, account: int, mode: int, user: str
) -> None:
    monkeypatch.setattr(dotenv.os, "getuid", lambda: account)
    values = dotenv.write_missing(tmp_path / ".env")
    assert (tmp_path / ".env").stat().st_mode & 0o777 == mode
    assert values["BACKBEAT_UID"] == user


def test_a_value_in_single_quotes_may_have_what_a_shell_would_interpret(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("""AIRFLOW_CONN_X='{"conn_type": "snowflake"}'\n# A=1\n""")
    assert dotenv.read(path) == {"AIRFLOW_CONN_X": '{"conn_type": "snowflake"}'}


def test_the_passwords_of_people_are_shown_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BACKBEAT_ENV_FILE", str(tmp_path / ".env"))
    assert dotenv.main() == 0
    first = capsys.readouterr().out
    values = dotenv.read(tmp_path / ".env")
    assert [name for name in dotenv.PEOPLE if values[name] in first] == list(dotenv.PEOPLE)
    assert values["POSTGRES_PASSWORD"] not in first
    assert dotenv.main() == 0
    assert capsys.readouterr().out == ""


def test_a_second_call_changes_nothing(tmp_path: Path) -> None:
    first = dotenv.write_missing(tmp_path / ".env")
    text = (tmp_path / ".env").read_text()
    assert dotenv.write_missing(tmp_path / ".env") == first
    assert (tmp_path / ".env").read_text() == text


def test_a_missing_key_is_added_and_what_is_there_stays(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("# mine\nAIRFLOW_PORT=9999\nSLACK_BOT_TOKEN=\n")
    values = dotenv.write_missing(path)
    assert values["AIRFLOW_PORT"] == "9999"
    assert values["SLACK_PORT"] == "8090"
    assert values["SLACK_BOT_TOKEN"].startswith("xoxb-")
    assert path.read_text().startswith("# mine\nAIRFLOW_PORT=9999\n")


@pytest.mark.parametrize("value", ["two words", "$(reboot)", "a;b", "back`tick"])
def test_a_value_that_a_shell_would_interpret_is_refused_by_name(tmp_path: Path, value: str) -> None:
    path = tmp_path / ".env"
    path.write_text(f"SLACK_CHANNEL={value}\n")
    with pytest.raises(StackError, match="SLACK_CHANNEL"):
        dotenv.read(path)
