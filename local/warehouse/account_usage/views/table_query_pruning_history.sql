-- Partitions and rows are NULL: DuckDB does not tell what a scan skipped.
select
    date_trunc('hour', a.query_start_time) as interval_start_time,
    date_trunc('hour', a.query_start_time) + interval 1 hour as interval_end_time,
    a.object_id as table_id,
    split_part(a.object_name, '.', 3) as table_name,
    split_part(a.object_name, '.', 2) as schema_name,
    split_part(a.object_name, '.', 1) as database_name,
    q.warehouse_id,
    q.warehouse_name,
    q.query_hash,
    q.query_parameterized_hash,
    count(*) as num_queries,
    sum(q.total_elapsed_time) as aggregate_query_elapsed_time,
    sum(q.compilation_time) as aggregate_query_compilation_time,
    sum(q.execution_time) as aggregate_query_execution_time
from _history.main.accesses a
inner join _history.main.queries q using (query_id)
where a.access_role = 'base' and a.object_domain = 'Table' and q.warehouse_size is not null
    and a.query_start_time <= as_of()
group by all
