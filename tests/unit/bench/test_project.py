"""Generated projects have the size they are asked for, and are the same each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.project import generate


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("nodes", "dags"), [(31, 1), (360, 1), (2000, 7)])
def test_it_has_that_many_models_and_tests_in_that_many_dags(tmp_path: Path, nodes: int, dags: int) -> None:
    project = generate(tmp_path / "project", nodes)
    written = files(project.folder)
    models = sum(name.endswith(".sql") for name in written)
    tests = sum(text.count("data_tests") for name, text in written.items() if name.endswith(".yml"))
    assert models + tests == nodes
    assert len(list(project.dags.glob("*.py"))) == dags


def test_the_same_size_is_the_same_project(tmp_path: Path) -> None:
    first, second = generate(tmp_path / "a", 100), generate(tmp_path / "b", 100)
    assert files(first.folder) == files(second.folder)


def test_a_large_project_ends_with_what_stands_on_all_sources(tmp_path: Path) -> None:
    project = generate(tmp_path / "project", 2000)
    assert project.last_dag == "bench_shared"
    assert len(project.sources) == len(project.source_dags) == 6
