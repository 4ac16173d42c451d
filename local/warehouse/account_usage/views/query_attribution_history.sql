select
    q.query_id,
    q.root_query_id,
    q.warehouse_id,
    q.warehouse_name,
    q.query_hash,
    q.query_parameterized_hash,
    q.query_tag,
    q.user_name,
    a.begins as start_time,
    a.ends as end_time,
    a.credits as credits_attributed_compute
from snowflake._derived.attributions a
inner join _history.main.queries q using (query_id)
where a.ends <= as_of()
