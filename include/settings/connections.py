"""Names of Airflow connections and pools, once."""

AIRBYTE = "airbyte_default"

# Bounds parallel POST /jobs: self-hosted Airbyte answers them slowly when they come together.
AIRBYTE_POOL = "airbyte"
