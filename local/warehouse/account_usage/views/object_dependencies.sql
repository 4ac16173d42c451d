select
    split_part(d.referenced_name, '.', 1) as referenced_database,
    split_part(d.referenced_name, '.', 2) as referenced_schema,
    split_part(d.referenced_name, '.', 3) as referenced_object_name,
    d.referenced_id as referenced_object_id,
    d.referenced_domain as referenced_object_domain,
    o.database_name as referencing_database,
    o.schema_name as referencing_schema,
    o.name as referencing_object_name,
    o.object_id as referencing_object_id,
    o.kind as referencing_object_domain,
    'BY_NAME' as dependency_type
from _history.main.dependencies d
inner join _history.main.objects o using (object_id)
where o.created <= as_of() and coalesce(o.deleted > as_of(), true)
