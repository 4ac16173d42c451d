"""The pages of `docs/` that come from the code: `make docs` writes them, `make check` fails when one is out of date."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable
from pathlib import Path

from include.settings import paths
from include.sources import catalog
from include.sources.model import Source
from include.transform import manifest as dbt_manifest
from include.transform.ownership import SHARED, built_nodes, owners

DOCS = paths.ROOT / "docs"
NOTICE = "<!-- Written by `make docs`. Change the code, not this page. -->\n\n"
PIPELINES = {SHARED: "business_marts"}


def _dag_of(owner: str) -> str:
    return PIPELINES.get(owner, f"{owner}_hourly")


def dags_page() -> str:
    """Every DAG's own documentation: the docstring that Airflow shows, and when it runs."""
    parts = ["# The DAGs\n"]
    for file in sorted((paths.ROOT / "dags").glob("*.py")):
        tree = ast.parse(file.read_text())
        text = (ast.get_docstring(tree) or "").replace("\n# ", "\n## ")
        parts.append(f"\n#{text}\n\n*`{file.relative_to(paths.ROOT)}`, schedule: {_schedule(tree)}*\n")
    return NOTICE + "".join(parts)


def _schedule(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "schedule":
            if isinstance(node.value, ast.Constant):
                return f"`{node.value.value!s}` (UTC)"
            return "when all assets that it reads are new"
    return "by hand"


def sources_page() -> str:
    """Every declared source with its streams."""
    parts = ["# The sources\n\nEach is one file in `include/sources/`; `make provision` makes Airbyte equal to it.\n"]
    for source in catalog.sources():
        parts += [f"\n## {source.title}\n\n{source.description}\n\n{_facts(source)}\n\n", _streams(source)]
    return NOTICE + "".join(parts)


def _facts(source: Source) -> str:
    file = f"`include/sources/{source.name}.yml`"
    return f"{file}, owner {source.owner}, {source.cadence}, connector {source.connector.definition}"


def _streams(source: Source) -> str:
    lines = ["| table | sync mode | key | cursor |", "|---|---|---|---|"]
    for name, stream in source.streams.items():
        key = ", ".join(stream.primary_key) or "-"
        lines.append(
            f"| `RAW.{source.name.upper()}.{name.upper()}` | {stream.sync_mode} | {key} | {stream.cursor or '-'} |"
        )
    return "\n".join(lines) + "\n"


def models_page() -> str:
    """Every dbt model by the DAG that builds it, with the first sentence of its description."""
    manifest = dbt_manifest.load()
    owner_of = owners(manifest)
    parts = ["# The dbt models\n"]
    for owner in sorted(set(owner_of.values()), key=lambda owner: (owner == SHARED, owner)):
        parts.append(f"\n## Built by `{_dag_of(owner)}`\n\n| model | what it is |\n|---|---|\n")
        nodes = [node for key, node in built_nodes(manifest).items() if owner_of[key] == owner]
        for node in sorted(nodes, key=lambda node: (node["schema"], node["name"])):
            sentence = " ".join(node["description"].split()).split(". ")[0].rstrip(".")
            parts.append(f"| `{node['schema'].lower()}.{node['name']}` | {sentence.replace('|', chr(92) + '|')} |\n")
    return NOTICE + "".join(parts)


PAGES: dict[str, Callable[[], str]] = {"dags.md": dags_page, "sources.md": sources_page, "models.md": models_page}


def main() -> int:
    """Write the pages, or say which are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale: list[Path] = []
    for name, page in PAGES.items():
        path, text = DOCS / name, page()
        if path.exists() and path.read_text() == text:
            continue
        stale.append(path.relative_to(paths.ROOT))
        if not check:
            path.write_text(text)
    if check and stale:
        print(f"Out of date: {', '.join(map(str, stale))}. Run `make docs` and commit them.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
