/*
title: Running
question: What runs now?
why: It costs money now.
owner: data
group: now
views: [INFORMATION_SCHEMA.QUERY_HISTORY]
database_roles: []
edition: standard
latency_minutes: 0
rhythm: now
columns:
  - {name: query_id, title: Query, unit: name}
key: [query_id]
headline: {of: count, unit: count, words: run}
*/
select query_id from table(snowflake.information_schema.query_history())
