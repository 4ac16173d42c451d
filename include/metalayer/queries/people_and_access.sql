/*
title: People and access
question: Who has not logged in for 90 days, who uses a password alone, and which roles and warehouses are dead?
why: >-
  An account nobody uses is a door nobody watches, and a password without a second factor is the door that gets opened.
  Roles that another role inherits count as used. Nothing is called dead before it has been there for 90 days, and no
  role or warehouse while the record itself is younger.
owner: data
group: access
views:
  - ACCOUNT_USAGE.USERS
  - ACCOUNT_USAGE.LOGIN_HISTORY
  - ACCOUNT_USAGE.ROLES
  - ACCOUNT_USAGE.GRANTS_TO_ROLES
  - ACCOUNT_USAGE.QUERY_HISTORY
  - ACCOUNT_USAGE.WAREHOUSE_EVENTS_HISTORY
database_roles: [GOVERNANCE_VIEWER, SECURITY_VIEWER, USAGE_VIEWER]
edition: standard
latency_minutes: 180
rhythm: weekly
columns:
  - {name: finding, title: Finding, unit: text}
  - {name: name, title: Name, unit: name}
  - {name: kind, title: Kind, unit: text}
  - {name: last_used_at, title: Last used, unit: time}
  - {name: created_at, title: Made, unit: time}
  - {name: detail, title: Detail, unit: text}
key: [finding, name]
headline: {of: count, unit: count, words: "accounts, roles and warehouses to look at"}
attention:
  - column: finding
    equals: dead user
    words: "{name} has not logged in since {last_used_at}: disable the account"
  - column: finding
    equals: password alone
    words: "{name} logs in with a password alone: {detail}"
*/
with logins as (

    select
        user_name,
        max(event_timestamp) as last_login,
        count_if(
            first_authentication_factor = 'PASSWORD'
            and second_authentication_factor is null
            and event_timestamp >= dateadd('day', -30, current_timestamp())
        ) as password_logins,
        listagg(distinct reported_client_type, ', ') within group (order by reported_client_type) as clients
    from snowflake.account_usage.login_history
    where
        event_timestamp >= dateadd('day', -365, current_timestamp())
        and is_success = 'YES'
    group by user_name

),

users as (

    select
        users.name,
        lower(coalesce(users.type, 'PERSON')) as type,
        users.created_on,
        coalesce(logins.last_login, users.last_success_login) as last_login,
        coalesce(logins.password_logins, 0) as password_logins,
        logins.clients
    from snowflake.account_usage.users as users
    left join logins
        on users.name = logins.user_name
    where
        users.deleted_on is null
        and coalesce(lower(users.disabled::varchar), 'false') <> 'true'

),

activity as (

    select
        role_name,
        iff(warehouse_size is null, null, warehouse_name) as warehouse_name,
        min(start_time) as first_used,
        max(start_time) as last_used
    from snowflake.account_usage.query_history
    where start_time >= dateadd('day', -365, current_timestamp())
    group by 1, 2

),

record as (

    select min(first_used) <= dateadd('day', -90, current_timestamp()) as long_enough
    from activity

),

role_use as (

    select
        role_name,
        max(last_used) as last_used
    from activity
    group by role_name

),

warehouse_use as (

    select
        warehouse_name,
        max(last_used) as last_used
    from activity
    group by warehouse_name

),

inherited as (

    select distinct name
    from snowflake.account_usage.grants_to_roles
    where
        granted_on = 'ROLE'
        and deleted_on is null
        and grantee_name not in ('ACCOUNTADMIN', 'SYSADMIN', 'SECURITYADMIN', 'USERADMIN')

),

warehouses as (

    select
        warehouse_name,
        min(timestamp) as first_seen,
        coalesce(max(iff(event_name = 'DROP_WAREHOUSE', timestamp, null)), '1970-01-01'::timestamp_ltz) as dropped,
        max(iff(event_name = 'DROP_WAREHOUSE', null, timestamp)) as last_seen
    from snowflake.account_usage.warehouse_events_history
    where timestamp >= dateadd('day', -365, current_timestamp())
    group by warehouse_name

),

findings as (

    select
        'dead user' as finding,
        name,
        type as kind,
        last_login as last_used,
        created_on as created,
        'no login in 90 days' as detail
    from users
    where
        created_on < dateadd('day', -90, current_timestamp())
        and coalesce(last_login, '1970-01-01'::timestamp_ltz) < dateadd('day', -90, current_timestamp())
    union all
    select
        'password alone' as finding,
        name,
        type as kind,
        last_login as last_used,
        created_on as created,
        password_logins::varchar || ' logins in 30 days from ' || clients as detail
    from users
    where password_logins > 0
    union all
    select
        'dead role' as finding,
        roles.name,
        'role' as kind,
        role_use.last_used,
        roles.created_on as created,
        'nobody has worked in it for 90 days, and no other role inherits it' as detail
    from snowflake.account_usage.roles as roles
    inner join record
        on record.long_enough
    left join role_use
        on roles.name = role_use.role_name
    left join inherited
        on roles.name = inherited.name
    where
        roles.deleted_on is null
        and roles.role_type = 'ROLE'
        and roles.name not in ('ACCOUNTADMIN', 'ORGADMIN', 'PUBLIC', 'SECURITYADMIN', 'SYSADMIN', 'USERADMIN')
        and inherited.name is null
        and roles.created_on < dateadd('day', -90, current_timestamp())
        and coalesce(role_use.last_used, '1970-01-01'::timestamp_ltz) < dateadd('day', -90, current_timestamp())
    union all
    select
        'dead warehouse' as finding,
        warehouses.warehouse_name as name,
        'warehouse' as kind,
        warehouse_use.last_used,
        warehouses.first_seen as created,
        'nothing has run on it for 90 days' as detail
    from warehouses
    inner join record
        on record.long_enough
    left join warehouse_use
        on warehouses.warehouse_name = warehouse_use.warehouse_name
    where
        warehouses.last_seen > warehouses.dropped
        and warehouses.first_seen < dateadd('day', -90, current_timestamp())
        and coalesce(warehouse_use.last_used, '1970-01-01'::timestamp_ltz) < dateadd('day', -90, current_timestamp())

)

select
    finding,
    name,
    kind,
    convert_timezone('UTC', last_used) as last_used_at,
    convert_timezone('UTC', created) as created_at,
    detail
from findings
order by finding, last_used_at nulls first, name
