-- What each statement that began since `until` has read and written, as JSON.
select
    query_id,
    query_start_time,
    user_name,
    coalesce(to_json(list(object) filter (where access_role = 'direct')), '[]') as direct_objects_accessed,
    coalesce(to_json(list(object) filter (where access_role = 'base')), '[]') as base_objects_accessed,
    coalesce(to_json(list(object) filter (where access_role = 'modified')), '[]') as objects_modified
from (
    select
        query_id,
        query_start_time,
        user_name,
        access_role,
        {
            'objectDomain': object_domain,
            'objectId': object_id,
            'objectName': object_name,
            'columns': [{'columnName': name} for name in columns]
        } as object
    from _history.main.accesses
    where query_start_time >= snowflake._derived.until()
)
group by query_id, query_start_time, user_name
