"""dbt's manifest: built ahead (`python -m include.transform.manifest`), then only read.

It is kept apart from dbt's `target/`, which every run of dbt writes to: a DAG must not change shape because somebody
ran `dbt compile` beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import environment, paths
from include.transform.ownership import owners, slice_of

BUILD = paths.DBT_MANIFEST.parent / "build"
FINGERPRINT = paths.DBT_MANIFEST.parent / "fingerprint"
# dbt's own copy of what it has parsed, which `dbt build` can start from.
PARSED = BUILD / "partial_parse.msgpack"
# What each pipeline's DAG is drawn from: `<owner>.json`, small, in the manifest's form.
SLICES = paths.DBT_MANIFEST.parent / "pipelines"
# What dbt writes, and what is ours to write, inside the project's folder.
IGNORED = frozenset({"target", "logs", "manifest", "dbt_packages", "__pycache__"})
# Of the profile's variables the one that a parsed node depends on, with the profile's default. The others say where to
# connect.
DEFAULTS = {"SNOWFLAKE_DATABASE": "ANALYTICS"}
# How dbt names an environment variable.
ENV_VAR = re.compile(rb"""env_var\(\s*['"](\w+)""")
PROFILES = "profiles.yml"


class ManifestError(Exception):
    """The dbt manifest is missing or cannot be built."""


def fingerprint() -> str:
    """A hash of every file that dbt reads in the project, and of the variables that shape what it makes of them."""
    digest = hashlib.sha256()
    named = set(DEFAULTS)
    for folder, folders, files in os.walk(paths.DBT_PROJECT):
        folders[:] = sorted(set(folders) - IGNORED)
        for name in sorted(files):
            path = Path(folder, name)
            content = path.read_bytes()
            digest.update(f"{path.relative_to(paths.DBT_PROJECT)}\0".encode() + content)
            if name != PROFILES:
                named.update(match.decode() for match in ENV_VAR.findall(content))
    settings = environment.load()
    for variable in sorted(named):
        digest.update(f"{variable}={settings.get(variable, DEFAULTS.get(variable, ''))}\0".encode())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the built manifest is there and is what dbt would parse now."""
    built = PARSED.exists() and SLICES.exists() and FINGERPRINT.exists()
    return built and FINGERPRINT.read_text() == fingerprint()


def build() -> bool:
    """Parse the project into the manifest unless it is there and current; whether it was built.

    Raises ManifestError with dbt's own words when the project does not parse. The old manifest then stays.
    """
    wanted = fingerprint()
    if paths.DBT_MANIFEST.exists() and is_current():
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
    _write_slices(json.loads(paths.DBT_MANIFEST.read_bytes()))
    FINGERPRINT.write_text(wanted)
    # The DAG processor looks at the times of the files; what these DAGs are drawn from has changed.
    for dag in (paths.ROOT / "dags").glob("*.py"):
        dag.touch()
    return True


def _write_slices(manifest: dict[str, Any]) -> None:
    prepared = SLICES.with_suffix(".new")
    shutil.rmtree(prepared, ignore_errors=True)
    prepared.mkdir()
    known = set(owners(manifest).values())
    for owner in sorted(known):
        (prepared / f"{owner}.json").write_text(json.dumps(slice_of(manifest, owner)))
    SLICES.mkdir(exist_ok=True)
    for path in prepared.iterdir():
        os.replace(path, SLICES / path.name)
    for path in SLICES.iterdir():
        # A pipeline that has no models any more.
        if path.stem not in known:
            path.unlink()
    prepared.rmdir()


@lru_cache(maxsize=16)
def _read(path: Path, modified: int) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def _load(path: Path) -> dict[str, Any]:
    try:
        modified = path.stat().st_mtime_ns
    except FileNotFoundError:
        raise ManifestError(f"{path} is missing. Build it with `make manifest`; the image is built with it.") from None
    return _read(path, modified)


def load() -> dict[str, Any]:
    """The manifest as dbt wrote it; read once per process and version.

    Raises ManifestError when it was never built.
    """
    return _load(paths.DBT_MANIFEST)


def slice_path(owner: str) -> Path:
    """Where the part of the manifest is that `owner`'s pipeline is drawn from."""
    return SLICES / f"{owner}.json"


def load_slice(owner: str) -> dict[str, Any]:
    """The part of the manifest that `owner`'s pipeline is drawn from (ownership.slice_of).

    Raises LookupError when no model belongs to `owner`, ManifestError when the manifest was never built.
    """
    path = slice_path(owner)
    if SLICES.exists() and not path.exists():
        known = sorted(other.stem for other in SLICES.iterdir())
        raise LookupError(
            f"No dbt model belongs to {owner!r}; the models belong to {known}. Is its staging folder there? If it is "
            "new, `make manifest` finds it."
        )
    return _load(path)


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
