select
    s.session_id,
    s.created_on,
    s.user_name,
    s.authentication_method,
    s.login_event_id,
    s.client_application_version,
    s.client_application_id,
    s.client_environment,
    greatest(s.created_on, s.closed_on, used.last_end) as access_time,
    coalesce(s.closed_on > as_of(), true) as is_open,
    case
        when s.closed_on is null or s.closed_on > as_of() then null
        when s.closed_reason = 'LOGOUT' then 'LOGOUT'
        when s.closed_reason = 'IDLE' then 'ABANDONED'
        else 'SFC_FORCED_LOGOUT'
    end as closed_reason
from _history.main.sessions s
left join (
    select session_id, max(end_time) as last_end from _history.main.queries where end_time <= as_of() group by session_id
) used using (session_id)
where s.created_on <= as_of()
