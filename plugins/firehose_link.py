"""A link in Airflow's navigation to the Slack channel that tells everything.

Whoever looks at a red task wants to know what else happened then; the channel is where that stands.
"""

from __future__ import annotations

from typing import Any

from airflow.plugins_manager import AirflowPlugin

from include.settings import environment


class FirehoseLink(AirflowPlugin):
    """Registers the link; there is no page of ours behind it."""

    name = "firehose_link"
    external_views: list[dict[str, Any]] = [  # noqa: RUF012 - the base class declares it so
        {
            "name": "Firehose in Slack",
            "href": environment.load().slack_channel_url,
            "destination": "nav",
            "url_route": "firehose-in-slack",
        }
    ]
