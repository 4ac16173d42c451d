select
    object_id as schema_id,
    name as schema_name,
    database_name as catalog_name,
    owner as schema_owner,
    retention_days as retention_time,
    if(is_transient, 'YES', 'NO') as is_transient,
    'NO' as is_managed_access,
    created,
    last_altered,
    if(deleted <= as_of(), deleted, null) as deleted,
    'STANDARD' as schema_type,
    if(deleted <= as_of(), null, 'ROLE') as owner_role_type
from _history.main.objects
where kind = 'SCHEMA' and created <= as_of()
