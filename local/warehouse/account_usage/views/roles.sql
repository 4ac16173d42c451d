-- Roles that were dropped are forgotten.
select
    snowflake._derived.stable_id('ROLE', name) as role_id,
    created_on,
    name,
    comment,
    owner,
    'ROLE' as role_type,
    'ROLE' as owner_role_type,
    false as is_from_organization_user_group
from snowflake._derived.things
where kind = 'ROLE' and created_on <= as_of()
