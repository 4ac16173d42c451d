"""Make Airbyte equal to the declarations: `python -m include.airbyte.provision [--check] [--prune]`.

Idempotent: the second run prints "nothing to change". Nothing is ever deleted without --prune, and what is not
declared is only mentioned. Exit status: 0 equal or made equal, 2 drift found by --check, 1 an error (one sentence).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
from airbyte_api import AirbyteAPI
from airbyte_api.models import SchemeClientCredentials, Security

from include.airbyte.client import AirbyteError, Client
from include.airbyte.desired import Actor, Kind, desired
from include.airbyte.fingerprints import Fingerprints
from include.airbyte.plan import Actual, Change, PlanError, Verb, plan
from include.settings import environment, paths
from include.settings.environment import Environment, MissingVariable
from include.sources import catalog
from include.sources.declaration import DeclarationError

# Airbyte runs the source's discovery inside the request that makes a connection.
TIMEOUT_SECONDS = 900
STATE = paths.STATE / "provision" / "airbyte-secrets.json"

_METHODS = {Verb.CREATE: "POST", Verb.UPDATE: "PATCH", Verb.REPLACE: "PUT", Verb.DELETE: "DELETE"}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; prints what it does and returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options, environment.load())
    except (AirbyteError, DeclarationError, MissingVariable, PlanError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The fingerprints of sent secrets cannot be kept in {options.state}: {error}.", file=sys.stderr)
        return 1


def connect(values: Environment) -> Client:
    """A client of the Airbyte that AIRBYTE_URL names (it ends with /api/public/v1)."""
    credentials = SchemeClientCredentials(
        client_id=values.require("AIRBYTE_CLIENT_ID"),
        client_secret=values.require("AIRBYTE_CLIENT_SECRET"),
        token_url="v1/applications/token",
    )
    client = httpx.Client(timeout=httpx.Timeout(TIMEOUT_SECONDS, connect=10), follow_redirects=True)
    url = values.require("AIRBYTE_URL").rstrip("/")
    return Client(AirbyteAPI(server_url=url, security=Security(client_credentials=credentials), client=client))


def find_workspace(client: Client, wanted: str) -> str:
    """The id of the workspace to keep: the wanted one, or the only one."""
    found = {item["workspaceId"]: item["name"] for item in client.pages("/workspaces")}
    if wanted in found:
        return wanted
    if not wanted and len(found) == 1:
        return next(iter(found))
    listed = ", ".join(f"{identity} ({name})" for identity, name in found.items()) or "none"
    raise PlanError(f"Set AIRBYTE_WORKSPACE_ID to one of the workspaces of this Airbyte: {listed}.")


def read(client: Client, workspace: str) -> Actual:
    """Everything of the workspace that we may keep."""
    parameters = {"workspaceIds": workspace, "includeDeleted": "false"}
    return Actual.of({kind: list(client.pages(kind.path, parameters)) for kind in Kind})


def apply(client: Client, workspace: str, changes: Sequence[Change], actual: Actual, known: Fingerprints) -> None:
    """Make the changes in order, printing each one that is done. An error leaves those before it in place."""
    ids = {(kind, name): item[kind.id_key] for kind in Kind for name, item in actual.objects[kind].items()}
    for change in changes:
        path = change.kind.path if change.verb is Verb.CREATE else f"{change.kind.path}/{change.id}"
        body = dict(change.body)
        if change.verb is Verb.CREATE and change.connection is not None:
            body["sourceId"] = ids[Kind.SOURCE, change.connection.source]
            body["destinationId"] = ids[Kind.DESTINATION, change.connection.destination]
        elif change.verb is Verb.CREATE:
            body["workspaceId"] = workspace
        answer = client.call(_METHODS[change.verb], path, body=body or None)
        if change.verb is not Verb.DELETE:
            identity = ids[change.kind, change.name] = answer[change.kind.id_key]
            if change.actor is not None:
                known.remember(identity, change.actor)
        print(change)


def _run(options: argparse.Namespace, values: Environment) -> int:
    wanted = desired(catalog.sources(), values)
    client = connect(values)
    workspace = find_workspace(client, values.get("AIRBYTE_WORKSPACE_ID"))
    actual = read(client, workspace)
    known = Fingerprints(options.state)

    def secrets_to_send(identity: str, actor: Actor) -> list[str]:
        # A check on a machine that never provisioned cannot know them; sending them again is harmless.
        return known.changed(identity, actor) + ([] if options.check else known.unknown(identity, actor))

    changes = plan(wanted, actual, secrets_to_send)
    undeclared = actual.undeclared(wanted)
    if options.prune:
        changes += undeclared
    else:
        for item in undeclared:
            print(f"kept {item.kind} {item.name}, which is not declared (--prune deletes it)", file=sys.stderr)
    if not changes:
        print(f"Airbyte at {client.base_url} is equal to the declarations: nothing to change.")
        return 0
    if options.check:
        _print_drift(changes)
        return 2
    apply(client, workspace, changes, actual, known)
    return 0


def _print_drift(changes: Sequence[Change]) -> None:
    for change in changes:
        print(change)
    print(
        f"Airbyte differs from the declarations (changes needed: {len(changes)}): run without --check to make it equal."
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m include.airbyte.provision", description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing; print the drift, exit 2 if there is any")
    parser.add_argument("--prune", action="store_true", help="also delete what is in the workspace and not declared")
    parser.add_argument("--state", type=Path, default=STATE, help="where fingerprints of sent secrets are kept")
    return parser


if __name__ == "__main__":
    sys.exit(main())
