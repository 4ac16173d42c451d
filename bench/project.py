"""dbt projects of a given size, and the DAGs that build them, laid out as this platform lays out its own.

Sources of a few hundred nodes each, models in five layers of tables, one test for every five models, and from two
sources on a shared part that stands on all of them. The same size gives the same project, byte for byte.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.standins import ROOT

LAYERS = 5
# Nodes of one source's pipeline: the size up to which Airflow draws a DAG that a person can read.
LARGEST_PIPELINE = 360

PROJECT = """\
name: bench
version: "1.0"
profile: backbeat
config-version: 2
flags: {send_anonymous_usage_stats: false}
models:
  bench:
    +materialized: table
"""
DAG = '''\
"""Nodes of {owner}, for the benchmark."""

from airflow.sdk import dag

from include.settings.dags import DAG_DEFAULTS
from include.transform.group import BUILD_PARAMS, build, upstream_assets


@dag(schedule={schedule}, params=BUILD_PARAMS, **DAG_DEFAULTS)
def {dag_id}() -> None:
    build("{owner}")


{dag_id}()
'''


@dataclass(frozen=True)
class Project:
    """A generated project: `dbt` and `dags` are its folders, `sources` the raw tables it reads (raw.<source>.rows)."""

    folder: Path
    nodes: int
    sources: tuple[str, ...]

    @property
    def dbt(self) -> Path:
        return self.folder / "dbt"

    @property
    def dags(self) -> Path:
        return self.folder / "dags"

    @property
    def source_dags(self) -> tuple[str, ...]:
        return tuple(f"bench_{source}" for source in self.sources)

    @property
    def last_dag(self) -> str:
        """The DAG whose end is the end of everything."""
        return "bench_shared" if len(self.sources) > 1 else self.source_dags[0]


def generate(folder: Path, nodes: int) -> Project:
    """Write a project of that many nodes (models and tests) into an empty folder."""
    parts = max(1, round(nodes / LARGEST_PIPELINE))
    shares = _shares(nodes, parts if parts == 1 else parts + 1)
    sources = tuple(f"s{number + 1}" for number in range(parts))
    project = Project(folder, nodes, sources)
    models = project.dbt / "models"
    models.mkdir(parents=True)
    project.dags.mkdir()
    (project.dbt / "dbt_project.yml").write_text(PROJECT)
    shutil.copy(ROOT / "dbt" / "profiles.yml", project.dbt)
    ends: list[str] = []
    for source, share in zip(sources, shares, strict=False):
        ends += _write(models, source, share, [f"{{{{ source('{source}', 'rows') }}}}"])
        (project.dags / f"bench_{source}.py").write_text(
            DAG.format(owner=source, dag_id=f"bench_{source}", schedule="None").replace(", upstream_assets", "")
        )
    if parts > 1:
        _write(models, "shared", shares[-1], [f"{{{{ ref('{name}') }}}}" for name in ends])
        text = DAG.format(owner="shared", dag_id="bench_shared", schedule='upstream_assets("shared")')
        (project.dags / "bench_shared.py").write_text(text)
    declared = "".join(f"  - {{name: {source}, database: raw, tables: [{{name: rows}}]}}\n" for source in sources)
    (models / "sources.yml").write_text(f"version: 2\nsources:\n{declared}")
    return project


def _shares(nodes: int, parts: int) -> list[int]:
    each, rest = divmod(nodes, parts)
    return [each + (1 if number < rest else 0) for number in range(parts)]


def _write(folder: Path, owner: str, nodes: int, roots: list[str]) -> list[str]:
    """Write one owner's models and tests; the names of its last layer."""
    tests = nodes // 6
    models = nodes - tests
    layers = [models // LAYERS + (1 if layer < models % LAYERS else 0) for layer in range(LAYERS)]
    above: list[str] = roots
    names: list[str] = []
    layer_names: list[str] = []
    for layer, width in enumerate(layers):
        layer_names = [f"{owner}_{layer}_{number}" for number in range(width)]
        for number, name in enumerate(layer_names):
            first, second = above[number % len(above)], above[(number + 1) % len(above)]
            sql = f"select a.id, b.id as other from {first} as a inner join {second} as b on a.id = b.id\n"
            (folder / f"{name}.sql").write_text(sql)
        above = [f"{{{{ ref('{name}') }}}}" for name in layer_names]
        names += layer_names
    tested = names[:: max(1, len(names) // max(tests, 1))][:tests]
    body = "".join(f"  - {{name: {name}, columns: [{{name: id, data_tests: [not_null]}}]}}\n" for name in tested)
    (folder / f"{owner}.yml").write_text(f"version: 2\nmodels:\n{body}" if tested else "version: 2\n")
    return layer_names
