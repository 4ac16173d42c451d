-- The columns of what exists now; those of dropped tables, and dropped columns, are forgotten.
select
    c.column_name,
    o.object_id as table_id,
    c.table_name,
    c.table_schema,
    c.table_catalog,
    c.ordinal_position,
    c.column_default,
    c.is_nullable,
    c.data_type,
    c.character_maximum_length,
    c.character_octet_length,
    c.numeric_precision,
    c.numeric_precision_radix,
    c.numeric_scale,
    c.collation_name,
    c.is_identity,
    c.comment,
    'COLUMN' as kind
from _fs_global._fs_information_schema._fs_columns c
inner join _history.main.objects o
    on o.database_name = c.table_catalog
    and o.schema_name = c.table_schema
    and o.name = c.table_name
    and o.kind in ('TABLE', 'VIEW')
    and o.deleted is null
where o.created <= as_of()
