-- When a statement kept a warehouse busy; one that runs now does until now. Snowflake attributes nothing to statements of
-- about 100 milliseconds or less, nor to one that has not ended.
select
    query_id,
    warehouse_name,
    start_time + to_milliseconds(
        coalesce(queued_overload_time, 0) + coalesce(transaction_blocked_time, 0) + coalesce(compilation_time, 0)
    ) as begins,
    begins + to_milliseconds(coalesce(execution_time, 0)) as ends,
    coalesce(execution_time, 0) > 100 as is_attributable,
    end_time
from _history.main.queries
where warehouse_size is not null
union all
select query_id, warehouse_name, start_time, greatest(start_time, now()), false, 'infinity'::timestamptz
from _history.main.running
where warehouse_size is not null
