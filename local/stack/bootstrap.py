"""Make the virtual environments: the only part of the local stack that runs before anything is installed.

Standard library only, any Python 3: it must be able to say in one sentence that Python is too old or the disk is full.
Each environment is made from its requirements and its constraints by uv (pinned, from the package index), and marked
with a hash of both, so that a second call does nothing and a half-made environment is made again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = "uv==0.13.9"
SUPPORTED = ((3, 11), (3, 12))
FREE_GIGABYTES = 4
MARKER = "backbeat-environment"


class BootstrapError(Exception):
    """The environments cannot be made; the message says why and what to do."""


def environments() -> "dict[str, tuple[list[Path], Path]]":
    """Name of each environment's folder, and the requirement files and constraints it is made from."""
    wanted = {".venv": ([ROOT / "requirements.txt", ROOT / "requirements-dev.txt"], ROOT / "constraints.txt")}
    for requirements in sorted(ROOT.glob("local/*/requirements.txt")):
        folder = requirements.parent
        wanted[".venvs/" + folder.name] = ([requirements], folder / "constraints.txt")
    connectors = ROOT / "local" / "airbyte" / "connectors"
    wanted[".venvs/connectors"] = ([connectors / "requirements.txt"], connectors / "constraints.txt")
    return wanted


def check_machine() -> None:
    """Refuse a Python that the pinned packages do not support, and a disk that is too full for them."""
    version = sys.version_info[:2]
    if version not in SUPPORTED:
        names = " or ".join("%d.%d" % pair for pair in SUPPORTED)
        raise BootstrapError(
            "Backbeat needs Python %s, but %s is %d.%d. Install one of them and say which: make up PYTHON=python3.11"
            % (names, sys.executable, version[0], version[1])
        )
    free = shutil.disk_usage(str(ROOT)).free / 2**30
    if free < FREE_GIGABYTES and not (ROOT / ".venv" / MARKER).exists():
        raise BootstrapError(
            "The disk that holds %s has %.1f GB free; the environments and the local data need %d GB. "
            "Free some space and run the command again." % (ROOT, free, FREE_GIGABYTES)
        )


def run(command: "list[str | Path]") -> None:
    """Run an installer command; its last lines become the message when it fails."""
    result = subprocess.run([str(part) for part in command], cwd=str(ROOT), capture_output=True, text=True)
    if result.returncode:
        tail = "\n".join((result.stderr or result.stdout).strip().splitlines()[-8:])
        raise BootstrapError(
            "This command failed: %s\n%s\nCheck that the Python package index can be reached and that the disk is "
            "not full, then run it again." % (" ".join(map(str, command)), tail)
        )


def installer() -> Path:
    """The path of uv, installed with pip into a small environment of its own when it is not there yet."""
    home = ROOT / ".venvs" / "uv"
    uv = home / "bin" / "uv"
    marker = home / MARKER
    if not (uv.exists() and marker.exists() and marker.read_text() == UV):
        shutil.rmtree(str(home), ignore_errors=True)
        run([sys.executable, "-m", "venv", home])
        run([home / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV])
        marker.write_text(UV)
    return uv


def fingerprint(requirements: "list[Path]", constraints: Path) -> str:
    """A hash of what an environment is made from: its files, and the interpreter."""
    digest = hashlib.sha256(("%s %s" % (sys.executable, sys.version)).encode())
    for path in [*requirements, constraints]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make(name: str, requirements: "list[Path]", constraints: Path) -> bool:
    """Make one environment unless it is there and current. Returns whether it was made."""
    home = ROOT / name
    marker = home / MARKER
    wanted = fingerprint(requirements, constraints)
    if marker.exists() and marker.read_text() == wanted:
        return False
    uv = installer()
    # The new environment replaces the old one only file by file, so the marker goes first and comes back last.
    if marker.exists():
        marker.unlink()
    run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, home])
    files: "list[str | Path]" = []
    for path in requirements:
        files += ["--requirements", path]
    run([uv, "pip", "install", "--quiet", "--python", home / "bin" / "python", "--constraints", constraints, *files])
    marker.write_text(wanted)
    return True


def make_all() -> None:
    """Make the environments that are missing or out of date; says in one line which."""
    check_machine()
    stale = {}
    for name, (requirements, constraints) in environments().items():
        marker = ROOT / name / MARKER
        if not marker.exists() or marker.read_text() != fingerprint(requirements, constraints):
            stale[name] = (requirements, constraints)
    if not stale:
        return
    print("Making %d virtual environments: %s" % (len(stale), ", ".join(sorted(stale))), flush=True)
    installer()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for future in [pool.submit(make, name, *files) for name, files in stale.items()]:
            future.result()


def main() -> int:
    """Make the environments, then hand over to a module of the platform's environment when one is named."""
    try:
        make_all()
    except BootstrapError as error:
        print(str(error), file=sys.stderr)
        return 1
    if len(sys.argv) > 1:
        python = str(ROOT / ".venv" / "bin" / "python")
        os.execv(python, [python, "-m", *sys.argv[1:]])
    return 0


if __name__ == "__main__":
    sys.exit(main())
