"""SNOWFLAKE.ACCOUNT_USAGE and the table functions of INFORMATION_SCHEMA, served from what was recorded."""
