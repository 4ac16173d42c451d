"""Whether the platform can be started in containers here: `python -m local.stack.containers`, before Compose is asked.

An engine says a taken port or a full memory late, and in words of its own. Standard library only: in containers nothing
of the platform is installed on the machine itself.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local.stack import dotenv
from local.stack.errors import StackError
from local.stack.ports import port_is_free

# Raw env files and optional dependencies in docker-compose.yaml need it.
COMPOSE = (2, 30)
# Airflow, its databases and the firehose, while pipelines run; what the stand-ins take beside them.
PLATFORM_GIB = 6
STANDINS_GIB = 4
PROJECT = "backbeat"
PORTS = ("AIRFLOW_PORT", "POSTGRES_PORT")
STANDIN_PORTS = ("SLACK_PORT", "AIRBYTE_PORT", "WAREHOUSE_PORT", "WORLD_PORT")


def docker(*arguments: str) -> str:
    """What a command of the engine's client printed. Raises StackError when there is none or it refuses."""
    try:
        result = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60)
    except FileNotFoundError as error:
        raise StackError(
            "There is no container engine: install Docker, or run make up without STACK=compose."
        ) from error
    except subprocess.TimeoutExpired as error:
        raise StackError(f"The container engine does not answer to `docker {arguments[0]}`: restart it.") from error
    if result.returncode:
        raise StackError(f"`docker {' '.join(arguments)}` failed, is the engine running? {result.stderr.strip()}")
    return result.stdout.strip()


def standins(values: Mapping[str, str]) -> bool:
    """Whether these settings start the stand-ins."""
    return "standins" in values.get("COMPOSE_PROFILES", "").split(",")


def check_compose() -> None:
    """Raise StackError for a Compose that cannot read docker-compose.yaml."""
    said = docker("compose", "version", "--short")
    version = tuple(int(part) for part in re.findall(r"\d+", said)[:2])
    if version < COMPOSE:
        raise StackError(f"Compose is {said}; this stack needs {'.'.join(map(str, COMPOSE))} or newer: update it.")


def check_memory(values: Mapping[str, str]) -> None:
    """Raise StackError for an engine with less memory than the stack takes."""
    there = int(docker("info", "--format", "{{.MemTotal}}")) / 2**30
    needed = PLATFORM_GIB + (STANDINS_GIB if standins(values) else 0)
    # A machine sold as one of 8 GB has a little less.
    if there < needed * 0.95:
        raise StackError(
            f"The container engine has {there:.1f} GiB of memory and the stack takes up to {needed}: give it more "
            "(Docker Desktop: Settings, Resources), or unset COMPOSE_PROFILES in .env to start without stand-ins."
        )


def check_ports(values: Mapping[str, str]) -> None:
    """Raise StackError for a port that another program holds, naming it; this stack's own containers may."""
    project = os.environ.get("COMPOSE_PROJECT_NAME", PROJECT)
    for variable in (*PORTS, *(STANDIN_PORTS if standins(values) else ())):
        port = values[variable]
        if port_is_free(int(port)):
            continue
        shown = '{{.Label "com.docker.compose.project"}} {{.Names}}'
        holder = docker("ps", "--filter", f"publish={port}", "--format", shown)
        if holder.split(" ")[0] == project:
            continue
        by = f" by the container {holder.split()[-1]}" if holder else ""
        raise StackError(
            f"Port {port} is taken{by}. End that (make down, if it is this platform without containers), "
            f"or set another {variable} in .env."
        )


def main() -> int:
    """Print the first thing that is in the way, if anything is."""
    path = Path(os.environ.get("BACKBEAT_ENV_FILE", dotenv.ROOT / ".env"))
    try:
        if not path.exists():
            raise StackError(f"There is no {path.name}: run make env, which writes it and makes up its secrets.")
        values = dotenv.read(path)
        check_compose()
        check_memory(values)
        check_ports(values)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
