"""What keeps containers from starting is one sentence, before anything has started."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from local.stack import containers, dotenv
from tests.standins import free_port

GIB = 2**30
Engine = Callable[[Mapping[str, str]], None]


@pytest.fixture
def env_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / ".env"
    names = (*containers.PORTS, *containers.STANDIN_PORTS)
    path.write_text("".join(f"{name}={free_port()}\n" for name in names))
    dotenv.write_missing(path)
    monkeypatch.setenv("BACKBEAT_ENV_FILE", str(path))
    monkeypatch.delenv("COMPOSE_PROJECT_NAME", raising=False)
    return path


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """A `docker` on the path that answers as told, and nothing else: the real one is in tests/compose."""

    def answering(answers: Mapping[str, str]) -> None:
        program = tmp_path / "bin" / "docker"
        program.parent.mkdir(exist_ok=True)
        known = {"compose": "2.40.1", "info": str(16 * GIB), "ps": "", **answers}
        cases = "".join(f"  {verb}) echo '{answer}' ;;\n" for verb, answer in known.items())
        program.write_text(f'#!/bin/sh\ncase "$1" in\n{cases}esac\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")

    return answering


def said(capsys: pytest.CaptureFixture[str]) -> str:
    assert containers.main() == 1
    return capsys.readouterr().err


def test_a_machine_that_has_everything(env_file: Path, engine: Engine) -> None:
    engine({})
    assert containers.main() == 0


def test_no_engine(env_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "There is no container engine: install Docker" in said(capsys)


def test_an_engine_that_is_off(
    env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon.' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert "is the engine running? Cannot connect to the Docker daemon." in said(capsys)


def test_an_old_compose(env_file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine({"compose": "v2.24.5-desktop.1"})
    assert "Compose is v2.24.5-desktop.1; this stack needs 2.30 or newer" in said(capsys)


def test_too_little_memory(env_file: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    engine({"info": str(8 * GIB)})
    assert "has 8.0 GiB of memory and the stack takes up to 10: give it more" in said(capsys)


def test_without_stand_ins_it_takes_less(env_file: Path, engine: Engine) -> None:
    env_file.write_text(env_file.read_text().replace("COMPOSE_PROFILES=standins", "COMPOSE_PROFILES="))
    engine({"info": str(6 * GIB)})
    assert containers.main() == 0


@pytest.mark.parametrize(
    ("holder", "words"),
    [("", "is taken. End that"), ("shop shop-postgres-1", "is taken by the container shop-postgres-1. End that")],
)
def test_a_taken_port(
    env_file: Path, engine: Engine, capsys: pytest.CaptureFixture[str], holder: str, words: str
) -> None:
    engine({"ps": holder})
    port = dotenv.read(env_file)["POSTGRES_PORT"]
    with socket.create_server(("127.0.0.1", int(port))):
        sentence = said(capsys)
    assert f"Port {port} {words}" in sentence
    assert "POSTGRES_PORT in .env" in sentence


def test_a_port_of_the_stack_that_runs_already(env_file: Path, engine: Engine) -> None:
    engine({"ps": "backbeat backbeat-postgres-1"})
    with socket.create_server(("127.0.0.1", int(dotenv.read(env_file)["POSTGRES_PORT"]))):
        assert containers.main() == 0


def test_no_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("BACKBEAT_ENV_FILE", str(tmp_path / ".env"))
    assert "run make env" in said(capsys)
