"""The command line behind `make up`, `down`, `status`, `logs` and `clean`."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from local.stack import dotenv
from local.stack.errors import StackError
from local.stack.health import ready
from local.stack.layout import ENV_FILE, LOGS, ROOT, STATE, Layout
from local.stack.summary import show_addresses
from local.stack.supervisor import Supervisor, end, orphans
from local.stack.up import first_run_in_containers, start, up


@contextlib.contextmanager
def only_one() -> Iterator[None]:
    """Hold the lock that lets one command at a time change the stack.

    Raises StackError when another one holds it.
    """
    STATE.mkdir(parents=True, exist_ok=True)
    with (STATE / "stack.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StackError("Another make up, down or clean is at work. Wait for its end.") from None
        yield


def down(layout: Layout, console: Console) -> int:
    """Stop every process of the stack, managed or lost; the data stays."""
    Supervisor(layout).stop_all()
    end(orphans())
    with contextlib.suppress(FileNotFoundError):
        layout.control_socket.unlink()
    console.print(f"The stack is stopped; its data is kept in {STATE} (make clean removes it).")
    return 0


def clean(layout: Layout, console: Console) -> int:
    """Stop the stack and remove its data and its manifest, not .env and not the environments."""
    down(layout, Console(quiet=True))
    for entry in STATE.iterdir() if STATE.exists() else ():
        if entry.name == "stack.lock":
            continue
        shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    console.print("The data of the stack is removed.")
    return 0


def status(layout: Layout, console: Console) -> int:
    """Print each program's state. Returns 0 when all run and answer, otherwise 3."""
    states = Supervisor(layout).states()
    if not states:
        console.print("The stack does not run. Start it with make up.")
        return 3
    table = Table("program", "state", "answers", box=None, pad_edge=False)
    healthy = True
    for name, program in layout.programs.items():
        running = states.get(name) == "RUNNING"
        answers = running and ready(layout, program)
        healthy = healthy and answers
        table.add_row(name, states.get(name, "missing").lower(), "yes" if answers else "no")
    console.print(table)
    show_addresses(layout, console)
    return 0 if healthy else 3


def logs(layout: Layout, console: Console, names: list[str]) -> int:
    """Follow the programs' logs, all or those named."""
    unknown = [name for name in names if name not in layout.programs]
    if unknown:
        raise StackError(f"There is no program {unknown[0]}; there are: {', '.join(layout.programs)}.")
    files = [LOGS / f"{name}.log" for name in (names or layout.programs)]
    present = [str(file) for file in files if file.exists()]
    if not present:
        raise StackError("There are no logs yet. Start the stack with make up.")
    with contextlib.suppress(KeyboardInterrupt):
        return subprocess.call(["tail", "-n", "20", "-F", *present])
    return 0


def shell_environment(layout: Layout) -> int:
    """Print the stack's environment as shell exports, for `eval "$(make --silent environment)"`."""
    for key, value in {**layout.environment, **layout.history}.items():
        escaped = value.replace("'", "'\\''")
        print(f"export {key}='{escaped}'")
    return 0


def main() -> int:
    """Run one verb; errors are one message on standard error and exit code 1."""
    parser = argparse.ArgumentParser(prog="local.stack", description=__doc__)
    parser.add_argument("verb", choices=["up", "start", "down", "status", "logs", "clean", "environment", "first-run"])
    parser.add_argument("names", nargs="*", help="programs (logs), parts (start)")
    options = parser.parse_args()
    console = Console(soft_wrap=not sys.stdout.isatty())
    os.chdir(ROOT)
    try:
        if options.verb == "first-run":
            return first_run_in_containers(Layout(dict(os.environ)), console)
        layout = Layout(dotenv.write_missing(ENV_FILE))
        match options.verb:
            case "status":
                return status(layout, console)
            case "logs":
                return logs(layout, console, options.names)
            case "environment":
                return shell_environment(layout)
        with only_one():
            if options.verb == "start":
                return start(layout, console, options.names)
            return {"up": up, "down": down, "clean": clean}[options.verb](layout, console)
    except StackError as error:
        print(str(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted. make status says what runs; make down stops it.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
