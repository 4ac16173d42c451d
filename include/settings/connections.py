"""Names of Airflow connections and pools, once."""

AIRBYTE = "airbyte_default"

# Bounds parallel POST /jobs: self-hosted Airbyte answers them slowly when they come together.
AIRBYTE_POOL = "airbyte"

# The tasks of dbt models cost no process, so they must not take the slots of tasks that do.
DBT_POOL = "dbt_models"
