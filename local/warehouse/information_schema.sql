-- Views of one database's information schema in which the local warehouse differs from fakesnow; `${catalog}` is the
-- database. What exists is asked of DuckDB; who made it, when, and how big it is, of the record.

create or replace view ${catalog}._fs_information_schema._fs_tables as
select
    relations.database_name as "TABLE_CATALOG",
    relations.schema_name as "TABLE_SCHEMA",
    relations.name as "TABLE_NAME",
    objects.owner as "TABLE_OWNER",
    relations.kind as "TABLE_TYPE",
    if(objects.is_transient, 'YES', 'NO') as "IS_TRANSIENT",
    null::varchar as "CLUSTERING_KEY",
    if(relations.kind = 'VIEW', null, coalesce(objects.row_count, relations.estimated_size)) as "ROW_COUNT",
    objects.bytes as "BYTES",
    objects.retention_days as "RETENTION_TIME",
    null::varchar as "SELF_REFERENCING_COLUMN_NAME",
    null::varchar as "REFERENCE_GENERATION",
    null::varchar as "USER_DEFINED_TYPE_CATALOG",
    null::varchar as "USER_DEFINED_TYPE_SCHEMA",
    null::varchar as "USER_DEFINED_TYPE_NAME",
    'YES' as "IS_INSERTABLE_INTO",
    'YES' as "IS_TYPED",
    null::varchar as "COMMIT_ACTION",
    objects.created as "CREATED",
    objects.last_altered as "LAST_ALTERED",
    objects.last_ddl as "LAST_DDL",
    objects.last_ddl_by as "LAST_DDL_BY",
    'NO' as "AUTO_CLUSTERING_ON",
    relations.comment as "COMMENT",
    if(objects.is_temporary, 'YES', 'NO') as "IS_TEMPORARY",
    'NO' as "IS_ICEBERG",
    'NO' as "IS_DYNAMIC",
    'NO' as "IS_IMMUTABLE",
    'NO' as "IS_HYBRID"
from (
    select database_name, schema_name, table_name as name, 'BASE TABLE' as kind, estimated_size, comment
    from duckdb_tables()
    union all
    -- Snowflake lists views in TABLES too.
    select database_name, schema_name, view_name, 'VIEW', null, comment
    from duckdb_views()
    where not internal
) relations
left join _history.main.objects
    on objects.deleted is null
    and objects.kind in ('TABLE', 'VIEW')
    and objects.database_name = relations.database_name
    and objects.schema_name = relations.schema_name
    and objects.name = relations.name
where relations.database_name = '${catalog}' and relations.schema_name != '_fs_information_schema';

create or replace view ${catalog}._fs_information_schema._fs_views as
select
    views.database_name as "TABLE_CATALOG",
    views.schema_name as "TABLE_SCHEMA",
    views.view_name as "TABLE_NAME",
    objects.owner as "TABLE_OWNER",
    coalesce(objects.definition, views.sql) as "VIEW_DEFINITION",
    'NONE' as "CHECK_OPTION",
    'NO' as "IS_UPDATABLE",
    'NO' as "INSERTABLE_INTO",
    'NO' as "IS_SECURE",
    objects.created as "CREATED",
    objects.last_altered as "LAST_ALTERED",
    objects.last_ddl as "LAST_DDL",
    objects.last_ddl_by as "LAST_DDL_BY",
    views.comment as "COMMENT"
from duckdb_views() views
left join _history.main.objects
    on objects.deleted is null
    and objects.kind = 'VIEW'
    and objects.database_name = views.database_name
    and objects.schema_name = views.schema_name
    and objects.name = views.view_name
where views.database_name = '${catalog}' and views.schema_name != '_fs_information_schema' and not views.internal;

create or replace view ${catalog}._fs_information_schema._fs_schemata as
select
    schemas.database_name as "CATALOG_NAME",
    if(schemas.schema_name = '_fs_information_schema', 'INFORMATION_SCHEMA', schemas.schema_name) as "SCHEMA_NAME",
    objects.owner as "SCHEMA_OWNER",
    'NO' as "IS_TRANSIENT",
    'NO' as "IS_MANAGED_ACCESS",
    1 as "RETENTION_TIME",
    null::varchar as "DEFAULT_CHARACTER_SET_CATALOG",
    null::varchar as "DEFAULT_CHARACTER_SET_SCHEMA",
    null::varchar as "DEFAULT_CHARACTER_SET_NAME",
    null::varchar as "SQL_PATH",
    objects.created as "CREATED",
    objects.last_altered as "LAST_ALTERED",
    schemas.comment as "COMMENT",
    'UNSET' as "REPLICABLE_WITH_FAILOVER_GROUPS",
    'ROLE' as "OWNER_ROLE_TYPE"
from duckdb_schemas() schemas
left join _history.main.objects
    on objects.deleted is null
    and objects.kind = 'SCHEMA'
    and objects.database_name = schemas.database_name
    and objects.schema_name = schemas.schema_name
where schemas.database_name = '${catalog}'
    and schemas.schema_name not in ('main', 'pg_catalog', 'information_schema');

create or replace view ${catalog}._fs_information_schema.databases as
select
    objects.database_name as "DATABASE_NAME",
    objects.owner as "DATABASE_OWNER",
    'NO' as "IS_TRANSIENT",
    null::varchar as "COMMENT",
    objects.created as "CREATED",
    objects.last_altered as "LAST_ALTERED",
    1 as "RETENTION_TIME",
    'STANDARD' as "TYPE"
from _history.main.objects
where objects.kind = 'DATABASE' and objects.deleted is null;
