"""Parse the DAG of `dags/` as Airflow does, policies included, and run it in this process."""

from __future__ import annotations

import sys

from airflow.dag_processing.dagbag import DagBag

if __name__ == "__main__":
    bag = DagBag(sys.argv[1])
    assert not bag.import_errors, bag.import_errors
    run = bag.dags["small"].test()
    print(f"state={run.state} run_id={run.run_id}")
