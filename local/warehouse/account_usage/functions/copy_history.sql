-- `given_table_name` may be written in full; a name alone is of the table that stands where the session does.
select
    file_name,
    stage_location,
    last_load_time,
    row_count,
    row_parsed,
    file_size,
    first_error_message,
    first_error_line_number,
    first_error_character_position as first_error_character_pos,
    first_error_column_name,
    error_count,
    error_limit,
    snowflake._derived.copy_status(status) as status,
    split_part(object_name, '.', 1) as table_catalog_name,
    split_part(object_name, '.', 2) as table_schema_name,
    split_part(object_name, '.', 3) as table_name
from _history.main.copies
where object_name = upper(given_table_name)
    and last_load_time >= snowflake._derived.recent(given_start_time, 14)
    and last_load_time <= coalesce(given_end_time, now())::timestamptz
    and given_pipe_name is null
order by last_load_time desc
