"""Source "Postgres": reads tables in full or by a cursor column, as airbyte/source-postgres does in Standard mode."""
