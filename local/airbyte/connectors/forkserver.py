"""Starts low-code connectors by forking a process that has airbyte-cdk imported already.

Importing the CDK costs seconds of CPU, which a sync that finds nothing new would pay again each time. What the platform
sees does not change: each connector is a process of its own in its own process group, with argv, files, standard
output, signals and an exit code. Run by the connectors' interpreter; it imports nothing of the platform.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys

from airbyte_cdk.cli.source_declarative_manifest import run

MAX_REQUEST_BYTES = 64 * 1024


def become_connector(argv: list[str], stdout: int, stderr: int) -> None:
    """Give this process the standard streams and the command line of the connector."""
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
    sys.argv = argv


def guard(child: int, report: int) -> None:
    """Wait for the connector and report its exit code. SIGTERM is for the connector; SIGKILL ends both, unreported."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, status = os.waitpid(child, 0)
    os.write(report, b"%d\n" % os.waitstatus_to_exitcode(status))
    os._exit(0)


def serve(control: socket.socket) -> None:
    """Fork a connector per request. Returns in the connector's process; the server itself ends with its socket."""
    while True:
        request, files, _, _ = socket.recv_fds(control, MAX_REQUEST_BYTES, 3)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            os.setsid()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            stdout, stderr, report = files
            os.write(report, b"%d\n" % os.getpid())
            if child := os.fork():
                os.close(stdout)
                guard(child, report)
            become_connector(json.loads(request), stdout, stderr)
            for file in files:
                os.close(file)
            return
        for file in files:
            os.close(file)


if __name__ == "__main__":
    # Nobody waits for the guards.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # What was imported is never collected, so the garbage collector does not copy its pages into every connector.
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    run()
