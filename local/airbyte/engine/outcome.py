"""How a source ended, and what that means for the attempt, in the words of a failure summary."""

from __future__ import annotations

from dataclasses import dataclass, field

from local.airbyte.history import failure
from local.airbyte.models import Json


@dataclass
class SourceOutcome:
    """The exit code, the errors it traced, and what ended the reading of it from this side."""

    code: int = 0
    errors: list[Json] = field(default_factory=list)
    broke: str | None = None

    @property
    def ended_well(self) -> bool:
        return self.code == 0 and not self.broke

    def failures(self, incomplete: list[str]) -> list[Json]:
        """None after success; `incomplete` are the streams the source did not complete."""
        if self.broke:
            return [failure("source", "system_error", self.broke)]
        if self.errors:
            # The first names the cause; a summary of all streams follows it.
            return [_traced(self.errors[0])]
        if self.code:
            return [failure("source", "system_error", f"The source ended with exit code {self.code}.")]
        if incomplete:
            return [failure("source", "system_error", f"The source did not complete {', '.join(incomplete)}.")]
        return []


def _traced(error: Json) -> Json:
    more = {"streamDescriptor": error["stream_descriptor"]} if error.get("stream_descriptor") else {}
    return failure(
        "source",
        error.get("failure_type") or "system_error",
        error.get("message") or "The source failed without a message.",
        internal=error.get("internal_message"),
        **more,
    )
