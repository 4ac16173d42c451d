"""Whether the program of this container does its work: `healthy.py NAME`, exit code 0 or one sentence and 1.

For the parts of Airflow that have no port it is the heartbeat of this container's own job, read with one statement; the
command that Airflow has for it takes five seconds of a core each time.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
import urllib.request
from pathlib import Path

from deploy.image import entrypoint

# Airflow writes a heartbeat every 5 s; one that is this old stands for a program that hangs.
STALE_SECONDS = 60
HEARTBEAT = """
select max(latest_heartbeat) > now() - make_interval(secs => %s)
from job
where job_type = %s and hostname = %s and state = 'running'
"""
PAGES = {
    "api-server": "http://127.0.0.1:${AIRFLOW_PORT}/api/v2/version",
    "airbyte": "http://127.0.0.1:${AIRBYTE_PORT}/api/public/v1/health",
    "slack": "http://127.0.0.1:${SLACK_PORT}/health",
    "warehouse": "https://127.0.0.1:${WAREHOUSE_PORT}/health",
    "world": "http://127.0.0.1:${WORLD_PORT}/health",
}


def environment() -> dict[str, str]:
    """The environment that the container's program was started with."""
    secrets = entrypoint.read(Path(os.environ.get("BACKBEAT_SECRETS", entrypoint.SECRETS)))
    return entrypoint.filled({**os.environ, **secrets})


def page(address: str) -> str:
    """What is wrong with a page that should answer; nothing when it does."""
    # The container's own address: there is nobody to prove an identity to.
    context = ssl._create_unverified_context() if address.startswith("https") else None
    try:
        with urllib.request.urlopen(address, timeout=5, context=context):
            return ""
    except OSError as error:
        return f"{address} does not answer: {error}"


def heartbeat(job: str, dsn: str) -> str:
    """What is wrong with a job of Airflow that should run on this host; nothing when it does."""
    import psycopg2

    connection = psycopg2.connect(dsn.replace("+psycopg2", ""), connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute(HEARTBEAT, (STALE_SECONDS, job, socket.getfqdn()))
            ((alive,),) = cursor.fetchall()
    finally:
        connection.close()
    return "" if alive else f"{job} has written no heartbeat for {STALE_SECONDS} s."


def main(name: str) -> int:
    """Print what is wrong, if anything is."""
    variables = environment()
    if name in PAGES:
        wrong = page(entrypoint.filled({**variables, "address": PAGES[name]})["address"])
    else:
        wrong = heartbeat(name, variables["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"])
    if wrong:
        print(wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
