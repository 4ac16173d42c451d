from snowflake._derived.closed_runs
union all
select * from snowflake._derived.runs where ends > snowflake._derived.until()
