"""What this account may see of its own history: the edition it has, how late the views are, and who may read them."""

from dataclasses import dataclass

from include.metalayer.contract import EDITIONS, View

DOCUMENTED = "documented"
NONE = "none"


@dataclass(frozen=True)
class Visibility:
    """`latency` is `none`, `documented` (each view as late as Snowflake says it may be) or a number of minutes."""

    edition: str = "enterprise"
    latency: str = NONE
    enforce_grants: bool = False

    def __post_init__(self) -> None:
        if self.edition not in EDITIONS:
            raise ValueError(f"--edition {self.edition}: choose one of {', '.join(EDITIONS)}.")
        if self.latency not in (DOCUMENTED, NONE) and not self.latency.isdigit():
            raise ValueError(f"--latency {self.latency}: choose {NONE}, {DOCUMENTED} or a number of minutes.")

    def minutes(self, view: View) -> int:
        """How old a fact must be before the view shows it; table functions are in real time."""
        if self.latency == NONE or view.arguments:
            return 0
        return view.latency_minutes if self.latency == DOCUMENTED else int(self.latency)

    def shows(self, view: View) -> bool:
        """Whether the edition has the feature; the view itself is there without it, and empty."""
        return self.edition == view.edition or self.edition == "enterprise"
