"""What stands on a task: the tasks that need its success, and the assets that are not renewed without it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from include.firehose.reconcile.api import AirflowRest, NotThere, path

KEPT_NAMES = 50
_KEPT_VERSIONS = 500
# With any other rule a task may run although what is before it has failed.
_NEEDS_SUCCESS = {"all_success", "none_failed", "none_failed_min_one_success", "none_failed_or_skipped"}


@dataclass(frozen=True)
class Structure:
    """The tasks of a DAG: what follows each, which need success, who owns them, and what they renew."""

    following: Mapping[str, Sequence[str]] = field(default_factory=dict)
    strict: frozenset[str] = frozenset()
    owners: Mapping[str, str] = field(default_factory=dict)
    assets: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def downstream(self, task_id: str) -> list[str]:
        """The tasks that cannot run when this one has failed, by name."""
        found: set[str] = set()
        waiting = [task_id]
        while waiting:
            for name in self.following.get(waiting.pop(), ()):
                if name in self.strict and name not in found and name != task_id:
                    found.add(name)
                    waiting.append(name)
        return sorted(found)

    def not_renewed(self, task_id: str) -> list[str]:
        """The assets of the task and of those that cannot run without it, by name."""
        return sorted({name for task in (task_id, *self.downstream(task_id)) for name in self.assets.get(task, ())})


class Structures:
    """The structures of DAGs, each version read once."""

    def __init__(self, api: AirflowRest) -> None:
        self._api = api
        self._known: OrderedDict[tuple[str, str], Structure] = OrderedDict()

    def of(self, dag_id: str, version: str) -> Structure:
        """The DAG's structure; an empty one when the DAG is gone."""
        key = (dag_id, version)
        if key not in self._known:
            self._known[key] = self._read(dag_id)
            if len(self._known) > _KEPT_VERSIONS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]

    def _read(self, dag_id: str) -> Structure:
        try:
            tasks = self._api.get(path("dags", dag_id, "tasks"))["tasks"]
        except NotThere:
            return Structure()
        assets: dict[str, list[str]] = {}
        rows, _ = self._api.rows("/assets", "assets", dag_ids=[dag_id], order_by="id")
        for asset in rows:
            for producer in asset["producing_tasks"]:
                if producer["dag_id"] == dag_id:
                    assets.setdefault(producer["task_id"], []).append(asset["name"])
        return Structure(
            following={task["task_id"]: task["downstream_task_ids"] or [] for task in tasks},
            strict=frozenset(task["task_id"] for task in tasks if task["trigger_rule"] in _NEEDS_SUCCESS),
            owners={task["task_id"]: task["owner"] for task in tasks if task["owner"]},
            assets=assets,
        )
