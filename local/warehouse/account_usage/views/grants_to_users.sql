-- Grants that were revoked are forgotten.
select
    created_on,
    name as role,
    granted_to,
    grantee_name,
    granted_by
from snowflake._derived.grants
where granted_to = 'USER' and granted_on = 'ROLE' and coalesce(created_on <= as_of(), true)
