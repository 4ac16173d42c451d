"""Names of Airflow connections and pools, once."""

AIRBYTE = "airbyte_default"

# User META, role META_READER, warehouse META_WH: what the meta layer asks must not wait for a pipeline, nor slow one.
SNOWFLAKE_META = "snowflake_meta"

# Bounds parallel POST /jobs: self-hosted Airbyte answers them slowly when they come together.
AIRBYTE_POOL = "airbyte"

# The tasks of dbt models cost no process, so they must not take the slots of tasks that do.
DBT_POOL = "dbt_models"

# Two questions at a time, whatever else runs.
META_POOL = "meta"
