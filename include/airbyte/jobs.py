"""Sync jobs of one Airbyte: find the connection, start a sync or join the one that runs, watch, cancel, report.

Knows nothing of Airflow's life cycle; the operator and the trigger are both thin over it.
"""

from __future__ import annotations

from difflib import get_close_matches
from uuid import UUID

from include.airbyte.client import AirbyteError, AirbyteRefused, AirbyteUnavailable, Client
from include.airbyte.job import Connection, Job, Report


class ConnectionNotUsable(AirbyteError):
    """The connection does not exist, is there twice or is not active."""


class SyncAlreadyRuns(AirbyteError):
    """A sync of the connection runs that we did not start and must not join."""


class Jobs:
    """The sync jobs of one Airbyte. Methods raise AirbyteUnavailable and AirbyteRefused besides what they name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def connection(self, wanted: str) -> Connection:
        """The connection of that name or id, if it can be synced.

        Raises ConnectionNotUsable.
        """
        if _is_id(wanted):
            found = [self._client.call("GET", f"/connections/{wanted}")]
        else:
            listed = list(self._client.pages("/connections", {"includeDeleted": "false"}))
            found = [item for item in listed if item["name"] == wanted]
            if not found:
                names = sorted(item["name"] for item in listed)
                close = ", ".join(get_close_matches(wanted, names) or names) or "none at all"
                raise ConnectionNotUsable(
                    f"Airbyte has no connection `{wanted}` (it has {close}): run `python -m include.airbyte.provision`."
                )
        if len(found) > 1:
            ids = ", ".join(item["connectionId"] for item in found)
            raise ConnectionNotUsable(f"Airbyte has several connections `{wanted}` ({ids}): delete the ones not ours.")
        item = found[0]
        if item["status"] != "active":
            raise ConnectionNotUsable(
                f"The connection `{wanted}` is {item['status']} in Airbyte: activate it there, or run "
                "`python -m include.airbyte.provision`."
            )
        return Connection(id=item["connectionId"], name=item["name"], workspace_id=item.get("workspaceId") or "")

    def latest(self, connection_id: str) -> Job | None:
        """The newest sync of the connection. Airbyte lists oldest first unless told otherwise."""
        parameters = {"connectionId": connection_id, "jobType": "sync", "orderBy": "createdAt|DESC", "limit": 5}
        jobs = [Job.of(item) for item in self._client.call("GET", "/jobs", params=parameters)["data"]]
        return max(jobs, key=lambda job: job.id, default=None)

    def start(self, connection: Connection, *, after: int, attach: bool) -> Job:
        """Start a sync, or join the one that runs.

        `after` is the newest job id known before the first try: a job above it is ours, made by a request whose
        answer was lost, and is taken even when it is over. With `attach`, any job that still runs is joined.

        Raises SyncAlreadyRuns when it runs and may not be joined, AirbyteUnavailable when nobody can say yet.
        """
        latest = self.latest(connection.id)
        if latest is not None and (latest.id > after or (attach and not latest.over)):
            return latest
        try:
            return Job.of(self._client.call("POST", "/jobs", body={"connectionId": connection.id, "jobType": "sync"}))
        except AirbyteRefused as refusal:
            if refusal.status != 409:
                raise
            return self._running(connection, refusal, after=after, attach=attach)

    def _running(self, connection: Connection, refusal: AirbyteRefused, *, after: int, attach: bool) -> Job:
        latest = self.latest(connection.id)
        if latest is None or latest.over:
            # It ended between the two requests, or the conflict is about something else: both may pass.
            raise AirbyteUnavailable(str(refusal)) from refusal
        if not attach and latest.id <= after:
            raise SyncAlreadyRuns(
                f"Job {latest.id} of connection `{connection.name}` is already {latest.status} and was not started by "
                "this task: wait for it, or use on_conflict='attach' to join it."
            ) from refusal
        return latest

    def get(self, job_id: int) -> Job:
        return Job.of(self._client.call("GET", f"/jobs/{job_id}"))

    def cancel(self, job_id: int) -> bool:
        """Cancel the job if it is not over; whether that was needed.

        Airbyte cancels whatever the job's connection runs now, so an old id must not be sent.
        """
        if self.get(job_id).over:
            return False
        self._client.call("DELETE", f"/jobs/{job_id}")
        return True

    def report(self, job_id: int) -> Report:
        """Statistics per stream and the reason of a failure. Never raises: a sync is not failed for its report."""
        try:
            return Report.of(self._client.call_config_api("/jobs/get_without_logs", {"id": job_id}))
        except (AirbyteError, KeyError, TypeError, AttributeError):
            return Report()

    def page(self, connection: Connection) -> str:
        """The address of the connection's jobs in Airbyte's web application."""
        path = f"/workspaces/{connection.workspace_id}/connections/{connection.id}/job-history"
        return f"{self._client.root}{path}"


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
