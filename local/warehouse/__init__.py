"""A local Snowflake: Snowflake's own wire protocol over TLS, on DuckDB through fakesnow.

It exists so that the unmodified Snowflake connector, Airflow's hook and dbt run on a laptop as they do in production.
"""
