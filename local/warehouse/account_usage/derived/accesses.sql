-- The same few statements run again and again: what they access is worked out once for all of them.
select
    a.query_id,
    a.query_start_time,
    a.user_name,
    p.direct_objects_accessed,
    p.base_objects_accessed,
    p.objects_modified
from snowflake._derived.closed_accesses a
inner join snowflake._derived.patterns p using (pattern)
union all
from snowflake._derived.recent_accesses
