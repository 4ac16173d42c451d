select
    date_trunc('hour', changed_at) as start_time,
    date_trunc('hour', changed_at) + interval 1 hour as end_time,
    object_id as table_id,
    split_part(object_name, '.', 3) as table_name,
    split_part(object_name, '.', 2) as schema_name,
    split_part(object_name, '.', 1) as database_name,
    sum(rows_added) as rows_added,
    sum(rows_removed) as rows_removed,
    sum(rows_updated) as rows_updated
from _history.main.dml
where changed_at <= as_of()
group by all
