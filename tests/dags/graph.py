"""The rendered DAGs and their assets as text: `python -m tests.dags.graph` writes the snapshot that a test compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SNAPSHOT = Path(__file__).with_name("graph.json")


def waits_for(dag: Any) -> list[str]:
    """The assets whose events start a DAG; empty for one that a clock starts."""
    condition = getattr(dag.timetable, "asset_condition", None)
    return sorted(asset.name for asset in condition.objects) if condition else []


def describe(dags: dict[str, Any]) -> dict[str, Any]:
    """Each DAG's schedule, and each task's upstream tasks, inlets and outlets, in a stable order."""
    return {
        dag_id: {
            "schedule": dags[dag_id].schedule if isinstance(dags[dag_id].schedule, str) else "assets",
            "waits_for": waits_for(dags[dag_id]),
            "tasks": {
                task.task_id: {
                    "operator": task.task_type,
                    "upstream": sorted(task.upstream_task_ids),
                    "inlets": sorted(asset.name for asset in task.inlets),
                    "outlets": sorted(asset.name for asset in task.outlets),
                }
                for task in sorted(dags[dag_id].tasks, key=lambda task: task.task_id)
            },
        }
        for dag_id in sorted(dags)
    }


def as_text(dags: dict[str, Any]) -> str:
    return json.dumps(describe(dags), indent=1) + "\n"


def main() -> None:
    """Write the snapshot from the DAGs as they are now."""
    from airflow.dag_processing.dagbag import DagBag

    import tests.conftest

    folder = tests.conftest.ROOT / "dags"
    dagbag = DagBag(str(folder), bundle_path=folder, bundle_name="dags-folder")
    SNAPSHOT.write_text(as_text(dagbag.dags))


if __name__ == "__main__":
    main()
