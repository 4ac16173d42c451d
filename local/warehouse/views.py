"""The information-schema and SHOW views in which the local warehouse differs from fakesnow.

Comments are DuckDB's own, so that they live, move and die with their object; numeric types DuckDB has and Snowflake
has not are shown as Snowflake's NUMBER.
"""

from pathlib import Path
from string import Template

from fakesnow import info_schema
from fakesnow.transforms import show

HIDDEN = "('memory', 'system', 'temp', '_fs_global', '_history', 'SNOWFLAKE')"


def metadata_sql() -> str:
    """Views over all databases, in fakesnow's metadata catalog."""
    columns = info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW
    columns = columns.replace("columns.data_type='BIGINT'", f"columns.data_type in {_INTEGERS}")
    columns = columns.replace("if not exists", "").replace("create view", "create or replace view")
    show_columns = show.SQL_CREATE_VIEW_SHOW_COLUMNS.replace("create view if not exists", "create or replace view")
    return f"{columns};{show_columns};{_SHOW_OBJECTS};{_SHOW_TABLES};{_SHOW_VIEWS};{_SHOW_SCHEMAS};"


def database_sql(name: str) -> str:
    """Views of one database's information schema."""
    return Template(Path(__file__).with_name("information_schema.sql").read_text()).substitute(catalog=name)


_INTEGERS = "('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'UBIGINT')"

# Who made it, when, and how big it is.
_RECORD = """left join _history.main.objects objects
    on objects.deleted is null and objects.kind = relations.kind and objects.database_name = relations.database_name
    and objects.schema_name = relations.schema_name and objects.name = relations.name"""

_SHOW_OBJECTS = f"""
create or replace view _fs_global._fs_information_schema._fs_show_objects as
select
    objects.created as created_on, relations.name, relations.database_name, relations.schema_name, relations.kind,
    relations.comment, '' as cluster_by, coalesce(objects.row_count, relations.rows) as rows, objects.bytes,
    objects.owner, coalesce(objects.retention_days, 1)::varchar as retention_time, 'ROLE' as owner_role_type,
    'N' as is_hybrid, 'N' as is_dynamic, 'N' as is_iceberg
from (
    select table_name as name, database_name, schema_name, 'TABLE' as kind, coalesce(comment, '') as comment,
        estimated_size as rows
    from duckdb_tables()
    union all
    select view_name, database_name, schema_name, 'VIEW', coalesce(comment, ''), null
    from duckdb_views() where not internal
) relations
{_RECORD}
where relations.database_name not in {HIDDEN} and relations.schema_name not in ('main', '_fs_information_schema')
order by relations.database_name, relations.schema_name, relations.name
"""

_SHOW_TABLES = """
create or replace view _fs_global._fs_information_schema._fs_show_tables as
select
    created_on, name, database_name, schema_name, kind, comment, cluster_by, rows, bytes, owner, retention_time,
    'OFF' as automatic_clustering, 'OFF' as change_tracking, 'OFF' as search_optimization,
    null as search_optimization_progress, null as search_optimization_bytes, 'N' as is_external,
    'N' as enable_schema_evolution, owner_role_type, 'N' as is_event, null as budget, is_hybrid, is_iceberg,
    is_dynamic, 'N' as is_immutable
from _fs_global._fs_information_schema._fs_show_objects
where kind = 'TABLE'
"""

_SHOW_VIEWS = f"""
create or replace view _fs_global._fs_information_schema._fs_show_views as
select
    objects.created as created_on, relations.name, '' as reserved, relations.database_name, relations.schema_name,
    objects.owner, coalesce(relations.comment, '') as comment, coalesce(objects.definition, relations.sql) as text,
    false as is_secure, false as is_materialized, 'ROLE' as owner_role_type, 'OFF' as change_tracking
from (
    select database_name, schema_name, view_name as name, comment, sql, 'VIEW' as kind
    from duckdb_views() where not internal
) relations
{_RECORD}
where relations.database_name not in {HIDDEN} and relations.schema_name not in ('main', '_fs_information_schema')
order by relations.database_name, relations.schema_name, relations.name
"""

_SHOW_SCHEMAS = f"""
create or replace view _fs_global._fs_information_schema._fs_show_schemas as
select
    objects.created as created_on,
    if(relations.name = '_fs_information_schema', 'INFORMATION_SCHEMA', relations.name) as name,
    'N' as is_default, 'N' as is_current, relations.database_name, objects.owner,
    coalesce(relations.comment, '') as comment, '' as options, '1' as retention_time, 'ROLE' as owner_role_type
from (
    select database_name, schema_name, schema_name as name, comment, 'SCHEMA' as kind from duckdb_schemas()
) relations
{_RECORD}
where relations.database_name not in {HIDDEN}
    and relations.name not in ('main', 'pg_catalog', 'information_schema')
order by relations.database_name, relations.name
"""
