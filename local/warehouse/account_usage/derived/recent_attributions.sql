-- The compute credits of each statement that ended after `until`.
select
    w.query_id,
    w.warehouse_name,
    w.begins,
    w.ends,
    last.each_so_far - first.each_so_far + coalesce(begun.credits, 0) as credits
from snowflake._derived.work w
inner join snowflake._derived.shares first
    on first.warehouse_name = w.warehouse_name and first.moment = w.counts_from
inner join snowflake._derived.shares last on last.warehouse_name = w.warehouse_name and last.moment = w.ends
left join snowflake._derived.begun on begun.query_id = w.query_id
where w.is_attributable
