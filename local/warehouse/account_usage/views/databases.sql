select
    object_id as database_id,
    name as database_name,
    owner as database_owner,
    if(is_transient, 'YES', 'NO') as is_transient,
    created,
    last_altered,
    if(deleted <= as_of(), deleted, null) as deleted,
    retention_days as retention_time,
    'STANDARD' as type,
    if(deleted <= as_of(), null, 'ROLE') as owner_role_type
from _history.main.objects
where kind = 'DATABASE' and created <= as_of()
