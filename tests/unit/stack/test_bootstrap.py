"""The bootstrap refuses, in one sentence, a machine that cannot run the stack."""

from __future__ import annotations

import shutil
import sys
from collections import namedtuple

import pytest

from local.stack import bootstrap

Version = namedtuple("Version", "major minor")
Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14)])
def test_an_unsupported_python_is_refused_and_the_message_says_how_to_choose_one(
    monkeypatch: pytest.MonkeyPatch, version: tuple[int, int]
) -> None:
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(bootstrap.BootstrapError, match=r"needs Python 3\.11.*PYTHON="):
        bootstrap.check_machine()


def test_a_full_disk_is_refused_before_anything_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100, 100, 2**29))
    monkeypatch.setattr(bootstrap, "MARKER", "no-environment-has-this-file")
    with pytest.raises(bootstrap.BootstrapError, match=r"0\.5 GB free.*need 4 GB"):
        bootstrap.check_machine()


def test_every_stand_in_has_an_environment_with_pins() -> None:
    for name, (requirements, constraints) in bootstrap.environments().items():
        assert all(path.exists() for path in requirements), name
        assert constraints.exists(), name


def test_a_failed_installer_command_says_what_failed() -> None:
    with pytest.raises(bootstrap.BootstrapError, match="This command failed"):
        bootstrap.run([sys.executable, "-c", "import sys; sys.exit('no such package')"])
