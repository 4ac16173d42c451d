"""Files in Slack's three steps: ask for an address, send the bytes there, complete the upload into a channel."""

from __future__ import annotations

import mimetypes
import secrets
import time
from dataclasses import dataclass
from typing import Any

from local.slack import identity
from local.slack.errors import SlackError
from local.slack.storage import Database


@dataclass(frozen=True)
class File:
    """One uploaded file."""

    file_id: str
    name: str
    title: str
    size: int
    user_id: str
    created: int
    content: bytes | None
    completed: bool

    @property
    def mimetype(self) -> str:
        """Guessed from the name, as Slack does."""
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    def describe(self, base_url: str) -> dict[str, Any]:
        """The file object of the API."""
        extension = self.name.rpartition(".")[2] if "." in self.name else "binary"
        link = f"{base_url}/files-pri/{identity.TEAM_ID}-{self.file_id}/{self.name}"
        return {
            "id": self.file_id,
            "created": self.created,
            "timestamp": self.created,
            "name": self.name,
            "title": self.title,
            "mimetype": self.mimetype,
            "filetype": extension,
            "pretty_type": extension.upper(),
            "user": self.user_id,
            "user_team": identity.TEAM_ID,
            "size": self.size,
            "mode": "hosted",
            "is_external": False,
            "is_public": True,
            "url_private": link,
            "url_private_download": link,
            "permalink": link,
        }


class Uploads:
    """Files and the uploads that are under way."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def begin(self, name: str, size: int, user_id: str) -> str:
        """Reserve an id for a file to come."""
        file_id = "F" + secrets.token_hex(5).upper()
        self.database.connection.execute(
            "INSERT INTO file (file_id, name, title, size, user_id, created) VALUES (?, ?, ?, ?, ?, ?)",
            (file_id, name, name, size, user_id, int(time.time())),
        )
        return file_id

    def receive(self, file_id: str, content: bytes) -> bool:
        """Keep the bytes; False when there is no such upload or the length differs from the one announced."""
        taken = self.database.connection.execute(
            "UPDATE file SET content = ? WHERE file_id = ? AND size = ? AND NOT completed",
            (content, file_id, len(content)),
        )
        return bool(taken.rowcount)

    def complete(self, file_id: str, title: str | None) -> File:
        """End an upload; SlackError `file_not_found` or `file_upload_incomplete`."""
        known = self.get(file_id)
        if known is None or known.completed:
            raise SlackError("file_not_found")
        if known.content is None:
            raise SlackError("file_upload_incomplete")
        self.database.connection.execute(
            "UPDATE file SET completed = 1, title = ? WHERE file_id = ?", (title or known.name, file_id)
        )
        completed = self.get(file_id)
        assert completed is not None
        return completed

    def get(self, file_id: str) -> File | None:
        """A file by its id, complete or not."""
        row = self.database.connection.execute("SELECT * FROM file WHERE file_id = ?", (file_id,)).fetchone()
        return File(**{**dict(row), "completed": bool(row["completed"])}) if row else None
