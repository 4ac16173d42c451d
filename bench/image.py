"""`make bench-image`: what the images weigh, layer by layer, and how long they are built; written to docs/image.md."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.machine import machine
from tests.compose import engine as engines
from tests.compose.engine import IMAGES, Engine
from tests.standins import ROOT

PAGE = ROOT / "docs" / "image.md"
TAG = "bench"
TEXT = """# What the images weigh

Written by `make bench-image`; do not edit. Measured on {machine}.

| image | size | of it the base |
|---|---|---|
{sizes}

| built | seconds |
|---|---|
{times}

The base is {base}.
What changes rarely comes first: a change of the code leaves the layer with the dependencies as it is.

## Layers of `backbeat`, those above the base

| made by | size |
|---|---|
{layers}
"""


def built(engine: Engine, checkout: Path, *options: str) -> float:
    """Seconds that both images take."""
    began = time.monotonic()
    engines.build(engine, checkout, TAG, *options)
    return time.monotonic() - began


def megabytes(engine: Engine, image: str) -> float:
    return int(engine("image", "inspect", "--format", "{{.Size}}", image)) / 1e6


def layers(engine: Engine, image: str) -> list[tuple[str, str]]:
    """What made each layer that holds something, the newest first, and its size in the engine's words."""
    lines = engine("history", "--no-trunc", "--format", "{{.CreatedBy}}\t{{.Size}}", image).splitlines()
    pairs = [(line.partition("\t")[0], line.partition("\t")[2]) for line in lines]
    return [(" ".join(made.split())[:110], size) for made, size in pairs if size != "0B" and made]


def main() -> None:
    """Build cold, warm, and after a change; write the page."""
    with engines.running() as engine, tempfile.TemporaryDirectory() as folder:
        engines.provide_bases(engine)
        checkout = engines.check_out(Path(folder))
        times = {"with nothing cached": built(engine, checkout, "--no-cache")}
        times["with nothing changed"] = built(engine, checkout)
        dag = next((checkout / "dags").glob("*.py"))
        dag.write_text(dag.read_text() + "\n")
        times["after a change of a DAG"] = built(engine, checkout)
        base = engines.BASES[0]
        weight = megabytes(engine, base)
        sizes = {name: megabytes(engine, f"{name}:{TAG}") for name in IMAGES}
        imported = engine("image", "inspect", "--format", "{{.Comment}}", base).startswith("Imported")
        text = TEXT.format(
            machine=machine(),
            sizes="\n".join(f"| `{name}` | {size:,.0f} MB | {weight:,.0f} MB |" for name, size in sizes.items()),
            times="\n".join(f"| {name} | {seconds:.0f} |" for name, seconds in times.items()),
            base=engines.STAND_IN if imported else f"`{base}`",
            layers="\n".join(f"| `{made}` | {size} |" for made, size in layers(engine, f"backbeat:{TAG}")),
        )
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
