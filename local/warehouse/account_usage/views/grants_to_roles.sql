-- Grants that were revoked are forgotten.
select
    created_on,
    created_on as modified_on,
    privilege,
    replace(granted_on, ' ', '_') as granted_on,
    if(granted_on in ('TABLE', 'VIEW'), split_part(name, '.', 3), name) as name,
    if(granted_on in ('TABLE', 'VIEW'), split_part(name, '.', 1), null) as table_catalog,
    if(granted_on in ('TABLE', 'VIEW'), split_part(name, '.', 2), null) as table_schema,
    'ROLE' as granted_to,
    grantee_name,
    grant_option,
    granted_by,
    'ROLE' as granted_by_role_type
from snowflake._derived.grants
where granted_to = 'ROLE' and coalesce(created_on <= as_of(), true)
