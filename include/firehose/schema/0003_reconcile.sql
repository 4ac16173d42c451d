-- The reconciler asks at its start which episodes (a broken file, a part of Airflow that is down) are still open.
create index event_of_episode on event (kind, occurred_at) where kind in ('airflow.dag_file', 'airflow.health');
