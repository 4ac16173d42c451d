"""How many tasks run as processes follows the machine, unless somebody says otherwise."""

from __future__ import annotations

import pytest

from include.settings import environment


@pytest.mark.parametrize(("cores", "processes"), [(1, 3), (2, 3), (8, 9), (None, 3)])
def test_one_more_than_cores(monkeypatch: pytest.MonkeyPatch, cores: int | None, processes: int) -> None:
    monkeypatch.delenv("TASK_PROCESSES", raising=False)
    monkeypatch.setattr(environment.os, "cpu_count", lambda: cores)
    assert environment.load().task_processes == processes


def test_what_is_set_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASK_PROCESSES", "16")
    assert environment.load().task_processes == 16


@pytest.mark.parametrize("wrong", ["0", "many", "-1", "2.5"])
def test_a_wrong_number_is_one_sentence(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv("TASK_PROCESSES", wrong)
    with pytest.raises(ValueError, match=r"TASK_PROCESSES is .*: use a whole number"):
        _ = environment.load().task_processes
