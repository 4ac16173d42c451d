"""docs/performance.md and its picture, from what the benchmarks of orchestration and of callbacks have measured."""

from __future__ import annotations

import json
import statistics
from typing import Any

from tests.standins import ROOT

RESULTS = ROOT / "bench" / "results" / "orchestration.json"
CALLBACKS = ROOT / "bench" / "results" / "callbacks.json"
BROWSER = ROOT / "bench" / "results" / "browser.json"
PAGE = ROOT / "docs" / "performance.md"
PICTURE = ROOT / "docs" / "performance.svg"
NAMES = {
    "dbt build": "plain `dbt build`",
    "build": "**Backbeat**",
    "watcher": "Cosmos WATCHER",
    "local": "Cosmos LOCAL",
    "dagster job execute": "`dagster job execute`",
    "dagster run": "Dagster, a run launched in a running instance",
}
COLOURS = ("#b8bec8", "#8ea3c7", "#3f72af", "#f0a35e")

TEMPLATE = ROOT / "bench" / "performance.template.md"


def table(size: dict[str, Any]) -> str:
    """The medians and ratios of one size as a Markdown table."""
    base = statistics.median(size["seconds"]["dbt build"])
    rounds = len(size["seconds"].get("build", [()]))
    lines = [
        f"## {size['nodes']:,} nodes, {rounds} rounds",
        "",
        "| seconds | min | median | max | against `dbt build` | told in Slack after | orchestrator's CPU per node |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, seconds in size["seconds"].items():
        median = statistics.median(seconds)
        slack, cpu = size["slack"].get(name), size["orchestrator"].get(name)
        told = f"{statistics.median(slack):.1f}" if slack else ""
        each = f"{1000 * statistics.median(cpu) / size['nodes']:.0f} ms" if cpu else ""
        lines.append(
            f"| {NAMES.get(name, name)} | {min(seconds):.1f} | {median:.1f} | {max(seconds):.1f} | {median / base:.2f} "
            f"| {told} | {each} |"
        )
    return "\n".join(lines)


def rest(sizes: list[dict[str, Any]]) -> str:
    """The programs' memory and load at rest, at the largest size."""
    size = sizes[-1]
    memory, load = size["memory of build, MB"], size["percent of a core at rest, build"]
    parsed = max(size["seconds to parse a DAG file, build"].values())
    heading = f"With {size['nodes']:,} nodes, after the rounds; the slowest DAG file is parsed in {parsed:.2f} s:"
    lines = [heading, "", "| program | MB (PSS) | % of a core at rest |", "|---|---|---|"]
    lines += [f"| {name} | {memory[name]} | {load.get(name, 0.0)} |" for name in memory]
    return "\n".join([*lines, f"| together | {sum(memory.values())} | {sum(load.values()):.1f} |"])


def programs(sizes: list[dict[str, Any]]) -> str:
    """Milliseconds of CPU per node and program, at each size that has them."""
    shown = [size for size in sizes if size.get("CPU-seconds of build")]
    names = sorted({name for size in shown for name in size["CPU-seconds of build"]})
    heads = [f"{size['nodes']:,} nodes" for size in shown]
    lines = [f"| ms of CPU per node | {' | '.join(heads)} |"]
    lines.append("|---|" + "---|" * len(shown))
    used = [
        {name: 1000 * seconds / size["nodes"] for name, seconds in size["CPU-seconds of build"].items()}
        for size in shown
    ]
    lines += [f"| {name} | {' | '.join(f'{one.get(name, 0.0):.1f}' for one in used)} |" for name in names]
    return "\n".join([*lines, f"| together | {' | '.join(f'{sum(one.values()):.1f}' for one in used)} |"])


def callbacks() -> str:
    """The cost of a callback as a table."""
    measured = json.loads(CALLBACKS.read_text())
    lines = ["| milliseconds | calls | median | p99 | max |", "|---|---|---|---|---|"]
    for name in ("healthy", "black-holed"):
        row = measured[name]
        lines.append(f"| {name} | {row['calls']:.0f} | {row['median']} | {row['p99']} | {row['max']} |")
    return "\n".join(lines)


def browser() -> str:
    """How soon each page shows while everything runs, as a table."""
    seconds = json.loads(BROWSER.read_text())["seconds"]
    lines = ["| page, seconds | looks | median | max |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {len(looks)} | {statistics.median(looks):.1f} | {max(looks):.1f} |"
        for name, looks in seconds.items()
    ]
    return "\n".join(lines)


def picture(sizes: list[dict[str, Any]]) -> str:
    """One bar per size, each part of a run as long as its seconds."""
    shown = [size for size in sizes if size.get("phases of build")]
    longest = max(sum(size["phases of build"].values()) for size in shown)
    width, left, row = 860.0, 110.0, 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{70 + row * len(shown)}" '
        'font-family="sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, name in enumerate(shown[0]["phases of build"]):
        legend = 10 + number * 212
        parts.append(f'<rect x="{legend}" y="12" width="12" height="12" fill="{COLOURS[number]}"/>')
        parts.append(f'<text x="{legend + 18}" y="23" fill="#222">{name}</text>')
    for index, size in enumerate(shown):
        y, x = 45 + index * row, left
        parts.append(f'<text x="10" y="{y + 20}" fill="#222">{size["nodes"]:,} nodes</text>')
        for number, seconds in enumerate(size["phases of build"].values()):
            length = max(seconds, 0.0) / longest * (width - left - 20)
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{length:.1f}" height="30" fill="{COLOURS[number]}"/>')
            if length > 34:
                parts.append(f'<text x="{x + 5:.1f}" y="{y + 20}" fill="#111">{seconds:.1f} s</text>')
            x += length
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    """Write the page and its picture."""
    measured = json.loads(RESULTS.read_text())
    sizes = measured["sizes"]
    PICTURE.write_text(picture(sizes))
    tables = "\n\n".join(table(size) for size in sizes)
    text = TEMPLATE.read_text()
    parts = {"tables": tables, "programs": programs(sizes), "rest": rest(sizes)}
    parts |= {"callbacks": callbacks(), "browser": browser()}
    PAGE.write_text(text.format(machine=measured["machine"], **parts))


if __name__ == "__main__":
    main()
