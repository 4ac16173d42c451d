-- One row per version for as long as it is billed. A dropped version keeps its active bytes until it enters fail-safe;
-- then it has no name any more. Rows that DML removed or replaced stay, at the table's bytes per row, for the retention
-- time and seven days of fail-safe. Transient and temporary tables have no fail-safe. A clone owns what it has grown by.
with recursive clones as (
    select object_id, clone_of as ancestor from _history.main.objects where clone_of is not null
    union all
    select c.object_id, o.clone_of
    from clones c
    inner join _history.main.objects o on o.object_id = c.ancestor
    where o.clone_of is not null
),

groups as (
    select object_id, min(ancestor) as clone_group_id from clones group by object_id
),

tables as (
    select
        o.*,
        o.deleted + to_days(o.retention_days) as entered_failsafe,
        coalesce(entered_failsafe <= as_of(), false) as is_past_time_travel,
        o.is_transient or o.is_temporary as is_without_failsafe,
        coalesce(greatest(0, o.bytes - if(o.clone_of is null, 0, coalesce(source.bytes, 0))), 0) as own_bytes
    from _history.main.objects o
    left join _history.main.objects source on source.object_id = o.clone_of
    where o.kind = 'TABLE' and o.created <= as_of()
),

changes as (
    select
        d.object_id,
        sum(if(d.changed_at > as_of() - to_days(t.retention_days), d.rows_removed + d.rows_updated, 0)) as recent,
        sum(if(d.changed_at > as_of() - to_days(t.retention_days), 0, d.rows_removed + d.rows_updated)) as older
    from _history.main.dml d
    inner join tables t using (object_id)
    where d.changed_at > as_of() - to_days(t.retention_days + 7)
    group by d.object_id
)

select
    t.object_id as id,
    if(t.is_past_time_travel, null, t.name) as table_name,
    if(t.is_past_time_travel, null, t.schema_name) as table_schema,
    if(t.is_past_time_travel, null, t.database_name) as table_catalog,
    coalesce(g.clone_group_id, t.object_id) as clone_group_id,
    if(t.is_without_failsafe, 'YES', 'NO') as is_transient,
    if(t.is_past_time_travel, 0, t.own_bytes) as active_bytes,
    if(t.is_past_time_travel, 0, coalesce(c.recent * t.own_bytes // nullif(t.row_count, 0), 0)) as time_travel_bytes,
    case
        when t.is_without_failsafe then 0
        when t.is_past_time_travel then t.own_bytes
        else coalesce(c.older * t.own_bytes // nullif(t.row_count, 0), 0)
    end as failsafe_bytes,
    0 as retained_for_clone_bytes,
    coalesce(t.deleted <= as_of(), false) as deleted,
    t.created as table_created,
    if(t.deleted <= as_of(), t.deleted, null) as table_dropped,
    if(t.is_past_time_travel, t.entered_failsafe, null) as table_entered_failsafe
from tables t
left join groups g using (object_id)
left join changes c using (object_id)
where t.deleted is null or as_of() < t.entered_failsafe + to_days(if(t.is_without_failsafe, 0, 7))
