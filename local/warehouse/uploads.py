"""PUT: how a client is told to send its file here, and what becomes of it."""

import os
import secrets
from typing import Any
from urllib.parse import quote

from fakesnow.transforms import stage
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from .statements import Outcome


def upload_command(request: Request, outcome: Outcome, *, bound: bool) -> dict[str, Any]:
    """Tell the client to PUT its file here over HTTP, in the form it knows for a presigned URL of Google's."""
    command = outcome.put or {}
    if bound:
        # A bound target is asked for a second time without bindings, which only works with a local directory.
        return command
    directory = command["stageInfo"]["location"]
    file = os.path.join(directory, os.path.basename(command["src_locations"][0]))
    path = quote(os.path.relpath(file, stage.LOCAL_BUCKET_PATH))
    command["stageInfo"] = {
        "locationType": "GCS",
        "location": f"{outcome.put_stage}/",
        "creds": {},
        "presignedUrl": f"{request.url.scheme}://{request.url.netloc}/fs_bucket/{path}",
    }
    return command


async def upload(request: Request) -> Response:
    content = await request.body()
    stored = await run_in_threadpool(_store, request.path_params["path"], content)
    return Response(status_code=200 if stored else 400)


def _store(path: str, content: bytes) -> bool:
    root = stage.LOCAL_BUCKET_PATH
    target = os.path.normpath(os.path.join(root, path))
    if not target.startswith(root + os.sep):
        return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    partial = os.path.join(root, f".{secrets.token_hex(8)}.partial")
    with open(partial, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, target)
    return True
