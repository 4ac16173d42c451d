select
    object_id as table_id,
    name as table_name,
    schema_name as table_schema,
    database_name as table_catalog,
    owner as table_owner,
    definition as view_definition,
    'NONE' as check_option,
    'NO' as is_updatable,
    'NO' as insertable_into,
    if(regexp_matches(definition, '^\s*create\s+(or\s+replace\s+)?secure\b', 'i'), 'YES', 'NO') as is_secure,
    created,
    last_altered,
    last_ddl,
    last_ddl_by,
    if(deleted <= as_of(), deleted, null) as deleted,
    if(deleted <= as_of(), null, 'ROLE') as owner_role_type
from _history.main.objects
where kind = 'VIEW' and created <= as_of()
