"""dbt's manifest: built ahead (`python -m include.transform.manifest`), then only read.

It is kept apart from dbt's `target/`, which every run of dbt writes to: a DAG must not change shape because somebody
ran `dbt compile` beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import paths

BUILD = paths.DBT_MANIFEST.parent / "build"
FINGERPRINT = paths.DBT_MANIFEST.parent / "fingerprint"
# What dbt writes, and what is ours to write, inside the project's folder.
IGNORED = frozenset({"target", "logs", "manifest", "dbt_packages", "__pycache__"})


class ManifestError(Exception):
    """The dbt manifest is missing or cannot be built."""


def fingerprint() -> str:
    """A hash of every file that dbt reads in the project."""
    digest = hashlib.sha256()
    for path in sorted(paths.DBT_PROJECT.rglob("*")):
        relative = path.relative_to(paths.DBT_PROJECT)
        if path.is_file() and not IGNORED.intersection(relative.parts):
            digest.update(f"{relative}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def build() -> bool:
    """Parse the project into the manifest unless it is there and current; whether it was built.

    Raises ManifestError with dbt's own words when the project does not parse. The old manifest then stays.
    """
    wanted = fingerprint()
    if paths.DBT_MANIFEST.exists() and FINGERPRINT.exists() and FINGERPRINT.read_text() == wanted:
        return False
    from dbt.cli.main import dbtRunner

    BUILD.mkdir(parents=True, exist_ok=True)
    command = ["--quiet", "--no-use-colors", "parse", "--target-path", str(BUILD), "--log-path", str(BUILD)]
    result = dbtRunner().invoke(
        [*command, "--project-dir", str(paths.DBT_PROJECT), "--profiles-dir", str(paths.DBT_PROJECT)]
    )
    if not result.success:
        raise ManifestError(f"The dbt project does not parse: {result.exception or 'see the lines above'}")
    # Renamed, not copied: a DAG processor that reads at this moment sees the old file or the new one, never half of
    # one.
    prepared = paths.DBT_MANIFEST.with_suffix(".new")
    shutil.copyfile(BUILD / "manifest.json", prepared)
    os.replace(prepared, paths.DBT_MANIFEST)
    FINGERPRINT.write_text(wanted)
    return True


@lru_cache(maxsize=2)
def _read(path: Path, modified: int) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def load() -> dict[str, Any]:
    """The manifest as dbt wrote it; read once per process and version.

    Raises ManifestError when it was never built.
    """
    try:
        modified = paths.DBT_MANIFEST.stat().st_mtime_ns
    except FileNotFoundError:
        place = paths.DBT_MANIFEST.relative_to(paths.ROOT)
        raise ManifestError(f"{place} is missing. Build it with `make manifest`; the image is built with it.") from None
    return _read(paths.DBT_MANIFEST, modified)


def main() -> int:
    """Build the manifest and say whether it had to be."""
    try:
        built = build()
    except ManifestError as error:
        print(str(error), file=sys.stderr)
        return 1
    print("The dbt manifest is built." if built else "The dbt manifest is current.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
