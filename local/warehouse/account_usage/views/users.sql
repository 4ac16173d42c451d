-- Users that were dropped are forgotten.
select
    snowflake._derived.stable_id('USER', u.name) as user_id,
    u.name,
    u.created_on,
    u.login_name,
    u.display_name,
    u.properties ->> 'FIRST_NAME' as first_name,
    u.properties ->> 'LAST_NAME' as last_name,
    u.properties ->> 'EMAIL' as email,
    u.comment,
    if(u.is_disabled, 'true', 'false') as disabled,
    'false' as snowflake_lock,
    u.properties ->> 'DEFAULT_WAREHOUSE' as default_warehouse,
    u.properties ->> 'DEFAULT_NAMESPACE' as default_namespace,
    u.properties ->> 'DEFAULT_ROLE' as default_role,
    if(u.type = 'SERVICE', null, u.has_password) as has_password,
    u.has_rsa_public_key,
    false as has_mfa,
    false as has_pat,
    logins.last_success_login,
    u.owner,
    u.type
from snowflake._derived.users u
left join (
    select user_name, max(event_timestamp) as last_success_login
    from _history.main.logins
    where is_success and event_timestamp <= as_of()
    group by user_name
) logins on logins.user_name = u.name
where u.created_on <= as_of()
