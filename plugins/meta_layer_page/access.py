"""Who may: Airflow's own login, and its permissions for the DAGs that ask.

Whoever may read `meta_layer_daily` may read what it found; whoever may start `meta_layer_question` may ask a question
anew. So there is no list of people of our own, and a role of Airflow that hides the DAG hides the page.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

import httpx
from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep
from fastapi import Depends, HTTPException, Request, status

DAG = "meta_layer_daily"
DAG_OF_ONE = "meta_layer_question"

# What the page says after the button, by the word in its address.
SENTENCES = {
    "started": "The question is being asked. Load this page again in a minute.",
    "paused": f"The question waits: the DAG {DAG_OF_ONE} is paused. Switch it on in Airflow and it will be asked.",
}

_CREDENTIALS = ("cookie", "authorization")


def may_read(user: GetUserDep) -> None:
    """Turn away who may not read the DAG."""
    if not get_auth_manager().is_authorized_dag(method="GET", details=DagDetails(id=DAG), user=user):
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"Your role in Airflow may not read {DAG}: ask for it.")


def can_ask(user: GetUserDep) -> bool:
    """Whether the user may start the DAG, and so sees the button."""
    return get_auth_manager().is_authorized_dag(
        method="POST", access_entity=DagAccessEntity.RUN, details=DagDetails(id=DAG_OF_ONE), user=user
    )


CanAsk = Annotated[bool, Depends(can_ask)]


def may_ask(allowed: CanAsk) -> None:
    """Turn away who may not start the DAG."""
    if not allowed:
        raise HTTPException(status.HTTP_403_FORBIDDEN, f"Your role in Airflow may not start {DAG_OF_ONE}: ask for it.")


def from_this_page(request: Request) -> None:
    """Turn away a form that another site's page sends with the user's cookie.

    Browsers say where a request comes from: in Sec-Fetch-Site on https and on this machine, else in Origin.
    """
    site = request.headers.get("sec-fetch-site")
    if site is None:
        origin = request.headers.get("origin", "")
        site = "same-origin" if urlsplit(origin).netloc == request.headers.get("host") else "unknown"
    if site != "same-origin":
        raise HTTPException(status.HTTP_403_FORBIDDEN, "A question is asked anew from the page's own button only.")


async def start_run(request: Request, question: str) -> str:
    """Start the DAG for one question, as this user, over Airflow's own API: so its permissions and its audit log hold.

    Returns the word of SENTENCES that describes what happens now. Raises HTTPException with Airflow's own words when it
    refuses.
    """
    headers = {name: value for name in _CREDENTIALS if (value := request.headers.get(name))}
    transport = httpx.ASGITransport(app=request.scope["airflow"])
    async with httpx.AsyncClient(transport=transport, base_url=str(request.base_url), headers=headers) as airflow:
        body = {"logical_date": None, "conf": {"question": question}, "note": f"{question}, asked on the page"}
        _said(await airflow.post(f"/api/v2/dags/{DAG_OF_ONE}/dagRuns", json=body))
        paused = _said(await airflow.get(f"/api/v2/dags/{DAG_OF_ONE}"))["is_paused"]
    return "paused" if paused else "started"


def _said(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        detail = answer.json().get("detail") if "json" in answer.headers.get("content-type", "") else answer.text
        raise HTTPException(answer.status_code, f"Airflow did not start {DAG_OF_ONE}: {detail}")
    return dict(answer.json())
