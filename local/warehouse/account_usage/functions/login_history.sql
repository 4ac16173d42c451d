select
    event_timestamp,
    event_id,
    'LOGIN' as event_type,
    user_name,
    client_ip,
    reported_client_type,
    reported_client_version,
    first_authentication_factor,
    if(is_success, 'YES', 'NO') as is_success,
    error_code,
    error_message,
    0 as related_event_id
from _history.main.logins
where event_timestamp >= snowflake._derived.recent(given_time_range_start, 7)
    and event_timestamp <= coalesce(given_time_range_end, 'infinity'::timestamptz)
    and (given_user_name is null or user_name = snowflake._derived.named(given_user_name))
order by event_timestamp desc
limit given_result_limit
