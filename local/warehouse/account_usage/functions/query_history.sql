-- Statements of the last seven days and those that run now. `given_viewer` sees its own, and all of the warehouses that
-- its role may watch.
select
    q.query_id,
    query_text,
    database_name,
    schema_name,
    query_type,
    session_id,
    user_name,
    users.type as user_type,
    role_name,
    warehouse_name,
    warehouse_size,
    warehouse_type,
    if(warehouse_size is null, null, 1) as cluster_number,
    query_tag,
    case execution_status
        when 'FAIL' then 'FAILED_WITH_ERROR' when 'INCIDENT' then 'FAILED_WITH_INCIDENT' else execution_status
    end as execution_status,
    try_cast(error_code as bigint) as error_code,
    error_message,
    start_time,
    coalesce(end_time, to_timestamp(0)) as end_time,
    coalesce(total_elapsed_time, date_diff('millisecond', start_time, now())) as total_elapsed_time,
    bytes_scanned,
    rows_produced,
    compilation_time,
    execution_time,
    0 as queued_provisioning_time,
    0 as queued_repair_time,
    queued_overload_time,
    transaction_blocked_time,
    0 as outbound_data_transfer_bytes,
    0 as inbound_data_transfer_bytes,
    0 as list_external_file_time,
    snowflake._derived.cloud_services_credits(compilation_time) as credits_used_cloud_services,
    0 as external_function_total_invocations,
    0 as external_function_total_sent_rows,
    0 as external_function_total_received_rows,
    0 as external_function_total_sent_bytes,
    0 as external_function_total_received_bytes,
    is_client_generated as is_client_generated_statement,
    query_hash,
    if(query_hash is null, null, 1) as query_hash_version,
    query_parameterized_hash,
    if(query_parameterized_hash is null, null, 1) as query_parameterized_hash_version,
    transaction_id,
    0 as query_acceleration_bytes_scanned,
    0 as query_acceleration_partitions_scanned,
    bytes_written_to_result,
    if(query_type = 'SELECT', rows_produced, 1) as rows_written_to_result,
    rows_inserted,
    0 as query_retry_time,
    0 as fault_handling_time,
    '[]' as bind_values
from (
    select *
    from (
        from _history.main.queries
        where end_time >= now() - interval 7 days
            and end_time >= snowflake._derived.recent(given_end_time_range_start, 7)
            and end_time <= coalesce(given_end_time_range_end, 'infinity'::timestamptz)
        union all
        from _history.main.running
        where given_end_time_range_end is null
    )
    where (given_session_id is null or session_id = given_session_id)
        and (given_user_name is null or user_name = snowflake._derived.named(given_user_name))
        and (given_warehouse_name is null or warehouse_name = snowflake._derived.named(given_warehouse_name))
        and (given_include_client_generated_statement or not is_client_generated)
        and (given_viewer is null or user_name = given_viewer or list_contains(given_watched, warehouse_name))
    order by end_time desc nulls first, start_time desc
    limit given_result_limit
) q
left join snowflake._derived.users on users.name = q.user_name
order by q.end_time desc nulls first, q.start_time desc
