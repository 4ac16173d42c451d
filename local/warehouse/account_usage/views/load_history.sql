select
    object_id as table_id,
    split_part(object_name, '.', 3) as table_name,
    split_part(object_name, '.', 2) as schema_name,
    split_part(object_name, '.', 1) as catalog_name,
    file_name,
    last_load_time,
    replace(status, '_', ' ') as status,
    row_count,
    row_parsed,
    first_error_message,
    first_error_line_number,
    first_error_character_position,
    first_error_column_name as first_error_col_name,
    error_count,
    error_limit
from _history.main.copies
where status <> 'LOAD_SKIPPED' and last_load_time <= as_of()
