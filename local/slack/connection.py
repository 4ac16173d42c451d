"""Losing a connection on purpose.

ASGI has no word for it, so the server's protocol class hands each request its transport. The caller then sees what it
would see of a dying proxy: the connection closed with no byte of an answer.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import Request
from uvicorn.protocols.http.h11_impl import H11Protocol


class DroppableProtocol(H11Protocol):
    """uvicorn's HTTP protocol; requests find the transport in their state."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


async def drop(request: Request) -> None:
    """Close the connection of this request without an answer; what is sent afterwards goes nowhere."""
    request.state.transport.abort()
    # uvicorn learns of the loss in the next turn of the loop.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
