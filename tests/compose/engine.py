"""A container engine for the tests: the one that is there, or one of their own, and the base images.

Without a registry a Debian of our own making, imported under the expected names, stands in for the official images of
Airflow, PostgreSQL and Redis: Python, the account, the server programs, nothing of the platform.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.standins import ROOT

HERE = Path(__file__).parent
BASES = ("apache/airflow:3.3.2-python3.11", "postgres:16", "redis:7.2")
PACKAGES = ("ca-certificates", "curl", "dumb-init", "postgresql", "python3", "python3-venv", "redis-server")
STAND_IN = "a Debian that also holds PostgreSQL and Redis and stands in for the official images, without a registry"
# By name, the stage of the Dockerfile that makes it.
IMAGES = {"backbeat": "platform", "backbeat-standins": "standins"}
BUILD_SECONDS = 1800
# Debian's last release that has Python 3.11.
SUITE = "bookworm"
# What is made once on a machine, and used by later sessions.
CACHE = Path(os.environ.get("BACKBEAT_ENGINE_CACHE", "/var/cache/backbeat-engine"))


class NoEngine(Exception):
    """No container engine runs here and none can be started; the message says why."""


@dataclass(frozen=True)
class Engine:
    """A running engine: `host` is empty for the machine's own."""

    program: str = "docker"
    host: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        host = {"DOCKER_HOST": self.host} if self.host else {}
        return {**os.environ, **host, "DOCKER_BUILDKIT": "1", **self.environment}

    def __call__(self, *arguments: str, seconds: float = 600, check: bool = True) -> str:
        """What a command of the client printed. Raises CalledProcessError with its last words."""
        command = [self.program, *arguments]
        result = subprocess.run(command, env=self.variables, capture_output=True, text=True, timeout=seconds)
        if check and result.returncode:
            words = f"{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
            raise AssertionError(f"`{' '.join(command)[:300]}` ended with {result.returncode}:\n{words}")
        return result.stdout


def answers(program: str, host: str = "") -> bool:
    """Whether an engine answers."""
    environment = {**os.environ, **({"DOCKER_HOST": host} if host else {})}
    try:
        command = [program, "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(command, env=environment, capture_output=True, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


@contextmanager
def running() -> Iterator[Engine]:
    """The machine's engine, or one started for the tests. Raises NoEngine."""
    if answers("docker"):
        yield Engine()
        return
    daemon = shutil.which("dockerd")
    if daemon is None or os.geteuid() != 0:
        raise NoEngine("No container engine answers; as root, `apt-get install docker.io debootstrap` is enough.")
    CACHE.mkdir(parents=True, exist_ok=True)
    # Debian's client is of the daemon's age; another one on the path may be too new for it.
    program = "/usr/bin/docker" if Path("/usr/bin/docker").exists() else "docker"
    host = f"unix://{CACHE}/docker.sock"
    command = [daemon, "--host", host, "--data-root", str(CACHE / "data"), "--exec-root", str(CACHE / "exec")]
    command += ["--pidfile", str(CACHE / "docker.pid")]
    with (CACHE / "dockerd.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not answers(program, host):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise NoEngine(f"dockerd does not start:\n{(CACHE / 'dockerd.log').read_text()[-1500:]}")
                time.sleep(0.5)
            yield Engine(program, host)
        finally:
            process.terminate()
            process.wait(60)


@contextmanager
def build_secrets() -> Iterator[list[str]]:
    """Options of `docker build` for a machine that reaches a package index through roots of its own."""
    roots = os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt"
    with tempfile.TemporaryDirectory() as folder:
        pip = Path(folder, "pip.conf")
        pip.write_text("[global]\ncert = /run/roots.pem\ntimeout = 180\n")
        yield ["--secret", f"id=pip_conf,src={pip}", "--secret", f"id=roots,src={roots}"]


def build(engine: Engine, checkout: Path, tag: str, *options: str) -> None:
    """Make the two images of a checkout."""
    with build_secrets() as secrets:
        for name, target in IMAGES.items():
            command = ["build", "--network", "host", "--target", target, "--tag", f"{name}:{tag}", *secrets, *options]
            engine(*command, str(checkout), seconds=BUILD_SECONDS)


def check_out(folder: Path) -> Path:
    """Fill a folder with what a fresh clone of the work tree would hold."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0"):
        if name and (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def provide_bases(engine: Engine) -> None:
    """Have the base images: those that are there, those of a registry, or ours under their names."""
    missing = [name for name in BASES if not engine("images", "--quiet", name).strip()]
    if missing and not _pulled(engine, missing):
        _import(engine, missing)


def _pulled(engine: Engine, names: Sequence[str]) -> bool:
    try:
        for name in names:
            engine("pull", "--quiet", name, seconds=300)
    except (AssertionError, subprocess.TimeoutExpired):
        return False
    return True


def _import(engine: Engine, names: Sequence[str]) -> None:
    archive = CACHE / "base.tar"
    if not archive.exists():
        _make(archive)
    server = ["ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
    changes = {
        "apache/airflow": [
            "ENV PATH=/home/airflow/.local/bin:/usr/local/bin:/usr/bin:/bin",
            "ENV AIRFLOW_HOME=/opt/airflow",
            "USER 50000",
            "WORKDIR /opt/airflow",
        ],
        "postgres": [*server, 'ENTRYPOINT ["/usr/local/bin/postgres-entrypoint"]', 'CMD ["postgres"]'],
        "redis": ['CMD ["redis-server"]'],
    }
    for name in names:
        options = [part for change in changes[name.partition(":")[0]] for part in ("--change", change)]
        engine("import", *options, str(archive), name)


def _make(archive: Path) -> None:
    """A root file system as a tar: Debian with the packages, the account of Airflow and a virtual environment."""
    tree = CACHE / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    include = f"--include={','.join(PACKAGES)}"
    _run("debootstrap", "--variant=minbase", include, SUITE, str(tree), *_mirror())
    shutil.copy(HERE / "postgres-entrypoint.sh", tree / "usr/local/bin/postgres-entrypoint")
    (tree / "usr/local/bin/postgres-entrypoint").chmod(0o755)
    _run("chroot", str(tree), "useradd", "--uid", "50000", "--gid", "0", "--create-home", "airflow")
    _run("chroot", str(tree), "python3", "-m", "venv", "/home/airflow/.local")
    _run("chroot", str(tree), "mkdir", "-p", "/opt/airflow", "/data", "/var/lib/postgresql/data")
    _run("chroot", str(tree), "chown", "-R", "50000:0", "/opt/airflow", "/home/airflow")
    partial = archive.with_suffix(".partial")
    _run("tar", "--create", "--numeric-owner", "--file", str(partial), "--directory", str(tree), ".")
    partial.rename(archive)
    shutil.rmtree(tree)


def _mirror() -> list[str]:
    """The mirror that this machine's apt uses, so that a machine that reaches one mirror only is served by it."""
    indexes = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True
    ).stdout.split()
    return sorted({site.rstrip("/") for site in indexes if site.rstrip("/").endswith("/debian")})[:1]


def _run(*command: str) -> None:
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode:
        raise NoEngine(f"`{' '.join(command)[:200]}` failed: {(result.stderr or result.stdout)[-1500:]}")
