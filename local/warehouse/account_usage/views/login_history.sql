select
    event_id,
    event_timestamp,
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
where event_timestamp <= as_of()
