"""What Snowflake knows about itself, asked in nineteen questions: one `.sql` file is one question."""
