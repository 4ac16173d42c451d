-- A record as large as wanted, into the raw tables of local/warehouse/history: plausible, and the same for the same seed.
-- Reads the variables queries, tables, days, seed and until. Half of the tables are rebuilt by dbt every night, most reads
-- go to few tables, and a share of the tables is never read at all.

create or replace temp macro chance(number, kind) as (hash(number, kind, getvariable('seed')) % 1000003) / 1000003.0;
create or replace temp macro table_id(number) as 100000 + number;
create or replace temp macro table_path(number) as
    if(number % 5 = 0, 'BENCH_RAW', 'BENCH') || '.S' || lpad((number % 50)::varchar, 2, '0')
    || '.T' || lpad(number::varchar, 5, '0');

create or replace temp table plan as
select
    i,
    md5(getvariable('seed') || '-' || i)::uuid::varchar as query_id,
    case
        when chance(i, 1) < 0.25 then 'LOADER' when chance(i, 1) < 0.65 then 'TRANSFORMER'
        when chance(i, 1) < 0.70 then 'META' else 'ANALYST_' || 1 + floor(chance(i, 2) * 12)::int
    end as user_name,
    -- Statements come in bursts of ten minutes at each quarter of an hour.
    getvariable('until')::timestamptz - to_days(getvariable('days')::int)
        + to_seconds(
            floor(i * getvariable('days') * 86400 / getvariable('queries') / 900) * 900 + chance(i, 3) * 600
        ) as start_time,
    (chance(i, 4) < 0.7) as uses_warehouse,
    greatest(5, -ln(1 - chance(i, 5)) * if(chance(i, 6) < 0.05, 40000, 2000))::bigint as execution_time,
    20 + floor(chance(i, 7) * 60)::bigint as compilation_time,
    if(chance(i, 8) < 0.03, floor(chance(i, 9) * 5000), 0)::bigint as queued_time,
    chance(i, 10) >= 0.01 as is_success,
    floor(getvariable('tables') * 0.9 * chance(i, 11))::bigint as target,
    -- What the pipeline makes it makes from the same table each time.
    floor(
        getvariable('tables')
        * power(chance(if(user_name in ('LOADER', 'TRANSFORMER'), target, i), if(user_name like 'ANALYST%', 12, 13)), 3)
    )::bigint as source
from range(getvariable('queries')::bigint) numbers (i);

insert into queries by name
select
    query_id,
    case user_name
        when 'TRANSFORMER' then
            'create or replace table ' || lower(table_path(target)) || ' as select id, name, amount, changed_at from '
            || lower(table_path(source)) || ' where changed_at is not null /* {"app":"dbt","node_id":"model.bench.'
            || lower(split_part(table_path(target), '.', 3)) || '","invocation_id":"' || md5((i // 400)::varchar)
            || '","target_name":"prod"} */'
        when 'LOADER' then 'merge into ' || lower(table_path(target)) || ' using staged on staged.id = target.id'
        else 'select name, sum(amount) from ' || lower(table_path(source)) || ' where id > ' || i || ' group by 1'
    end as query_text,
    case user_name
        when 'TRANSFORMER' then 'CREATE_TABLE_AS_SELECT' when 'LOADER' then 'MERGE' else 'SELECT'
    end as query_type,
    case user_name
        when 'TRANSFORMER' then
            '{"app":"airflow","dag":"build_' || (target % 40) || '","task":"dbt.' || target || '","run":"scheduled__'
            || start_time::date || '","try":1}'
        when 'META' then '{"app":"meta","question":"storage"}'
        else ''
    end as query_tag,
    md5(user_name || target || source || i) as query_hash,
    md5(user_name || if(user_name = 'TRANSFORMER', target, source % 500)) as query_parameterized_hash,
    if(is_success, 'SUCCESS', 'FAIL') as execution_status,
    if(is_success, null, '002003') as error_code,
    if(is_success, null, 'SQL compilation error: Object ''' || table_path(source) || ''' does not exist.') as error_message,
    i // 20 as session_id,
    user_name,
    if(user_name like 'ANALYST%', 'REPORTER', user_name) as role_name,
    'BENCH' as database_name,
    'PUBLIC' as schema_name,
    case user_name when 'LOADER' then 1 when 'TRANSFORMER' then 2 when 'META' then 4 else 3 end as warehouse_id,
    case user_name
        when 'LOADER' then 'BENCH_LOADING' when 'TRANSFORMER' then 'BENCH_TRANSFORM' when 'META' then 'BENCH_META'
        else 'BENCH_REPORTING'
    end as warehouse_name,
    if(uses_warehouse, 'X-Small', null) as warehouse_size,
    if(uses_warehouse, 'STANDARD', null) as warehouse_type,
    start_time,
    start_time + to_milliseconds(execution_time + compilation_time + queued_time) as end_time,
    execution_time + compilation_time + queued_time as total_elapsed_time,
    compilation_time,
    execution_time,
    queued_time as queued_overload_time,
    0 as transaction_blocked_time,
    execution_time * 3 as rows_produced,
    if(user_name = 'LOADER', execution_time, null) as rows_inserted,
    if(uses_warehouse, execution_time * 4096, null) as bytes_scanned,
    if(uses_warehouse, 1 + execution_time // 500, null) as partitions_scanned,
    if(uses_warehouse, 1 + execution_time // 500, null) as partitions_total,
    0 as transaction_id,
    false as is_client_generated
from plan
order by end_time;

insert into accesses by name
select
    query_id, start_time as query_start_time, user_name, access_role, object_domain, object_id, object_name, columns
from (
    select *, 'base' as access_role, 'Table' as object_domain, table_id(source) as object_id,
        table_path(source) as object_name, ['ID', 'NAME', 'AMOUNT'] as columns
    from plan
    union all
    select *, 'direct', if(source % 20 = 1, 'View', 'Table'), table_id(source),
        table_path(source) || if(source % 20 = 1, '_V', ''), ['ID', 'NAME', 'AMOUNT']
    from plan
    union all
    select *, 'modified', 'Table', table_id(target), table_path(target), ['ID', 'NAME', 'AMOUNT', 'CHANGED_AT']
    from plan
    where user_name in ('LOADER', 'TRANSFORMER')
)
where is_success and uses_warehouse
order by query_start_time, query_id;

insert into dml by name
select
    query_id, start_time + to_milliseconds(execution_time) as changed_at, table_id(target) as object_id,
    table_path(target) as object_name, execution_time as rows_added, 0 as rows_removed, execution_time // 10 as rows_updated
from plan
where user_name in ('LOADER', 'TRANSFORMER') and is_success and uses_warehouse
order by changed_at;

insert into copies by name
select
    query_id, i // 20 as session_id, user_name, table_id(target) as object_id, table_path(target) as object_name,
    '@stage/file_' || i || '.csv.gz' as file_name, '@stage' as stage_location, start_time as last_load_time,
    'LOADED' as status, execution_time as row_count, execution_time as row_parsed, 4096 as file_size, 0 as error_count
from plan
where user_name = 'LOADER' and uses_warehouse
order by last_load_time;

insert into objects by name
select
    if(version = 0, table_id(number), 10000000 + number * 1000 + version) as object_id,
    'TABLE' as kind,
    split_part(table_path(number), '.', 1) as database_name,
    split_part(table_path(number), '.', 2) as schema_name,
    split_part(table_path(number), '.', 3) as name,
    if(number % 5 = 0, 'LOADER', 'TRANSFORMER') as owner,
    getvariable('until')::timestamptz - to_days((version + 1)::int) as created,
    created as last_altered,
    created as last_ddl,
    if(version = 0, null, created + interval 1 day) as deleted,
    false as is_transient,
    false as is_temporary,
    1 as retention_days,
    1000 + number as row_count,
    262144 * (1 + number % 200) as bytes
from range(getvariable('tables')::bigint) tables (number),
    lateral unnest(generate_series(0, if(number % 2 = 1, least(9, getvariable('days')::bigint - 1), 0))) versions (version)
union all by name
select
    50000000 + number as object_id, 'VIEW' as kind, split_part(table_path(number), '.', 1) as database_name,
    split_part(table_path(number), '.', 2) as schema_name, split_part(table_path(number), '.', 3) || '_V' as name,
    'TRANSFORMER' as owner, getvariable('until')::timestamptz - to_days(getvariable('days')::int) as created,
    created as last_altered, created as last_ddl, false as is_transient, false as is_temporary, 1 as retention_days,
    'create view x as select 1' as definition
from range(1, getvariable('tables')::bigint, 20) views (number);

insert into dependencies by name
select 50000000 + number as object_id, table_path(number) as referenced_name, 'TABLE' as referenced_domain
from range(1, getvariable('tables')::bigint, 20) views (number);

insert into logins by name
select
    i as event_id, start_time as event_timestamp, user_name, '127.0.0.1' as client_ip,
    'PYTHON_DRIVER' as reported_client_type, '4.8.0' as reported_client_version,
    if(user_name like 'ANALYST%', 'PASSWORD', 'RSA_KEYPAIR') as first_authentication_factor,
    chance(i, 14) >= 0.01 as is_success
from plan
where i % 20 = 0
order by event_timestamp;

insert into sessions by name
select
    i // 20 as session_id, start_time as created_on, user_name, 'RSA_KEYPAIR' as authentication_method,
    i as login_event_id, 'PythonConnector 4.8.0' as client_application_id, start_time + interval 1 hour as closed_on,
    'LOGOUT' as closed_reason
from plan
where i % 20 = 0;

insert into warehouse_changes by name
select
    getvariable('until')::timestamptz - to_days(getvariable('days')::int) as changed_at, number as warehouse_id,
    name as warehouse_name, 'CREATE' as event, 'X-Small' as size, 'STANDARD' as warehouse_type, 60 as auto_suspend,
    true as auto_resume, 1 as min_cluster_count, 1 as max_cluster_count
from (values (1, 'BENCH_LOADING'), (2, 'BENCH_TRANSFORM'), (3, 'BENCH_REPORTING'), (4, 'BENCH_META')) w (number, name);

drop table plan;
