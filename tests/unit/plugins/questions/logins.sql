/*
title: Logins
question: Who logs in?
why: A user that nobody needs is a door.
owner: data
group: access
views: [ACCOUNT_USAGE.LOGIN_HISTORY]
database_roles: [SECURITY_VIEWER]
edition: standard
latency_minutes: 120
rhythm: weekly
columns:
  - {name: user_name, title: User, unit: name}
key: [user_name]
headline: {of: count, unit: count, words: users}
*/
select user_name from snowflake.account_usage.login_history where event_timestamp >= '2026-01-01'
