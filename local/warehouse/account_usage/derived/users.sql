-- Users with what their statements set. A user whose TYPE was never set has NULL, as in Snowflake.
select
    name,
    created_on,
    owner,
    comment,
    properties,
    upper(properties ->> 'TYPE') as type,
    coalesce(properties ->> 'LOGIN_NAME', name) as login_name,
    coalesce(properties ->> 'DISPLAY_NAME', name) as display_name,
    coalesce(upper(properties ->> 'DISABLED') = 'TRUE', false) as is_disabled,
    coalesce(upper(properties ->> 'HAS_PASSWORD') = 'TRUE', false) as has_password,
    coalesce(upper(properties ->> 'HAS_RSA_PUBLIC_KEY') = 'TRUE', false) as has_rsa_public_key
from snowflake._derived.things
where kind = 'USER'
