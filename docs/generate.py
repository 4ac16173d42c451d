"""The pages of `docs/` that come from the code: `make docs` writes them, `make check` fails when one is out of date."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from include.metalayer import query as meta_query
from include.metalayer.overview import TITLES as GROUP_TITLES
from include.metalayer.query import Query, Rhythm
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


def meta_questions_page() -> str:
    """Every question to Snowflake about itself: in words, where its answer comes from, and how old it may be."""
    queries = meta_query.load()
    parts = [
        "# What Snowflake is asked about itself\n\n"
        "Each question is one file in `include/metalayer/queries/`, which also runs when pasted in a worksheet. "
        "Its data is as old as Snowflake says it may be; the roles are database roles of `SNOWFLAKE`.\n"
    ]
    for group in meta_query.Group:
        parts.append(f"\n## {GROUP_TITLES[group]}\n")
        parts += [_question(queries, each) for each in meta_query.questions(queries) if each.group is group]
    return NOTICE + "".join(parts)


def _question(queries: Mapping[str, Query], question: Query) -> str:
    text = f"\n### {question.title}\n\n{question.question}\n\n{question.why}\n\n{_asked(question)}\n"
    road = meta_query.standard_road(queries, question)
    if road is None:
        return text
    return f"{text}\n**On Standard edition:** {road.question} {road.why}\n\n{_asked(road)}\n"


def _asked(question: Query) -> str:
    views = ", ".join(f"`{view}`" for view in question.views)
    roles = ", ".join(question.database_roles) or "none"
    columns = ", ".join(column.title for column in question.columns)
    rhythm = "many times a day" if question.rhythm is Rhythm.NOW else question.rhythm
    facts = [
        f"`{question.path.name}`",
        f"asked {rhythm}",
        f"owner {question.owner}",
        f"{question.edition} edition",
        _age(question.latency_minutes),
        f"roles: {roles}",
    ]
    return f"*{', '.join(facts)}*\n\nReads {views}.\nAnswers with: {columns}."


def _age(minutes: int) -> str:
    if minutes == 0:
        return "in real time"
    return f"up to {minutes} minutes old" if minutes % 60 else f"up to {minutes // 60} hours old"


PAGES: dict[str, Callable[[], str]] = {
    "dags.md": dags_page,
    "sources.md": sources_page,
    "models.md": models_page,
    "meta-questions.md": meta_questions_page,
}


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
