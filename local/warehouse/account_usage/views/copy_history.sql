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
    object_id as table_id,
    split_part(object_name, '.', 3) as table_name,
    split_part(object_name, '.', 2) as table_schema_name,
    split_part(object_name, '.', 1) as table_catalog_name,
    last_load_time as first_commit_time
from _history.main.copies
where last_load_time <= as_of()
