-- The work since `until`; `counts_from` is where it begins or, if it had begun already, `until`. Statements are on record
-- in the order of their ends, which spares reading the others.
select
    query_id,
    warehouse_name,
    begins,
    greatest(begins, snowflake._derived.until()) as counts_from,
    ends,
    is_attributable
from snowflake._derived.all_work
where end_time >= snowflake._derived.until()
    and (ends > snowflake._derived.until() or begins >= snowflake._derived.until())
