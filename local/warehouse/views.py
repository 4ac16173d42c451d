"""The information-schema and SHOW views in which the local warehouse differs from fakesnow.

Comments are DuckDB's own, so that they live, move and die with their object; numeric types DuckDB has and Snowflake
has not are shown as Snowflake's NUMBER.
"""

from fakesnow import info_schema
from fakesnow.transforms import show

HIDDEN = "('memory', 'system', 'temp', '_fs_global')"


def metadata_sql() -> str:
    """Views over all databases, in fakesnow's metadata catalog."""
    columns = info_schema.SQL_CREATE_GLOBAL_INFORMATION_SCHEMA_COLUMNS_VIEW
    columns = columns.replace("columns.data_type='BIGINT'", f"columns.data_type in {_INTEGERS}")
    columns = columns.replace("if not exists", "").replace("create view", "create or replace view")
    show_columns = show.SQL_CREATE_VIEW_SHOW_COLUMNS.replace("create view if not exists", "create or replace view")
    return f"{columns};{show_columns};{_SHOW_OBJECTS};{_SHOW_TABLES};{_SHOW_VIEWS};{_SHOW_SCHEMAS};"


def database_sql(name: str) -> str:
    """Views of one database's information schema."""
    tables = info_schema.SQL_CREATE_INFORMATION_SCHEMA_TABLES_VIEW.template
    tables = tables.replace("_fs_tables_ext.comment", "relations.comment")
    start = tables.index("left join")
    tables = tables[:start].replace("from duckdb_tables tables", _RELATIONS)
    tables = tables.replace("'BASE TABLE' AS", "relations.kind AS").replace("tables.", "relations.")
    tables += "where relations.database_name = '${catalog}' and relations.schema_name != '_fs_information_schema'"
    views = info_schema.SQL_CREATE_INFORMATION_SCHEMA_VIEWS_VIEW.template
    views = views.replace("null::VARCHAR as COMMENT", "comment as COMMENT")
    sql = f"{tables};{views};".replace("create view if not exists", "create or replace view")
    return sql.replace("${catalog}", name)


_INTEGERS = "('BIGINT', 'INTEGER', 'SMALLINT', 'TINYINT', 'HUGEINT', 'UBIGINT')"

# Snowflake lists views in INFORMATION_SCHEMA.TABLES too.
_RELATIONS = """from (
    select database_name, schema_name, table_name, 'BASE TABLE' as kind, estimated_size, comment from duckdb_tables()
    union all
    select database_name, schema_name, view_name, 'VIEW', null, comment from duckdb_views() where not internal
) relations
"""

_SHOW_OBJECTS = f"""
create or replace view _fs_global._fs_information_schema._fs_show_objects as
select
    to_timestamp(0)::timestamptz as created_on, name, database_name, schema_name, kind, comment, '' as cluster_by,
    rows, 0 as bytes, 'SYSADMIN' as owner, '1' as retention_time, 'ROLE' as owner_role_type,
    'N' as is_hybrid, 'N' as is_dynamic, 'N' as is_iceberg
from (
    select table_name as name, database_name, schema_name, 'TABLE' as kind, coalesce(comment, '') as comment,
        estimated_size as rows
    from duckdb_tables()
    union all
    select view_name, database_name, schema_name, 'VIEW', coalesce(comment, ''), null
    from duckdb_views() where not internal
)
where database_name not in {HIDDEN} and schema_name not in ('main', '_fs_information_schema')
order by database_name, schema_name, name
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
    to_timestamp(0)::timestamptz as created_on, view_name as name, '' as reserved, database_name, schema_name,
    'SYSADMIN' as owner, coalesce(comment, '') as comment, sql as text, false as is_secure, false as is_materialized,
    'ROLE' as owner_role_type, 'OFF' as change_tracking
from duckdb_views()
where not internal and database_name not in {HIDDEN} and schema_name not in ('main', '_fs_information_schema')
order by database_name, schema_name, name
"""

_SHOW_SCHEMAS = f"""
create or replace view _fs_global._fs_information_schema._fs_show_schemas as
select
    to_timestamp(0)::timestamptz as created_on,
    case when schema_name = '_fs_information_schema' then 'INFORMATION_SCHEMA' else schema_name end as name,
    'N' as is_default, 'N' as is_current, database_name, 'SYSADMIN' as owner, coalesce(comment, '') as comment,
    '' as options, '1' as retention_time, 'ROLE' as owner_role_type
from duckdb_schemas()
where database_name not in {HIDDEN} and schema_name not in ('main', 'pg_catalog', 'information_schema')
order by database_name, name
"""
