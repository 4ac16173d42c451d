"""The road for everything that Airflow's callbacks never see: what Airflow itself says, read over its REST API."""
