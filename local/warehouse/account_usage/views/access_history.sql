-- DDL leaves no row of its own here: OBJECT_MODIFIED_BY_DDL is NULL.
select *, '[]' as policies_referenced, 'snowflake_sql' as event_source
from snowflake._derived.accesses
where query_start_time <= as_of()
