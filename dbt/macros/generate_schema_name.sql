{#- Models land in STAGING, INTERMEDIATE and MARTS exactly. A copy that shares a database with others (a branch, a
    person's trial) sets BACKBEAT_SCHEMA_PREFIX and gets <prefix>_STAGING and so on. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = env_var('BACKBEAT_SCHEMA_PREFIX', '') -%}
    {%- set schema = (custom_schema_name or target.schema) | trim -%}
    {{ prefix ~ '_' ~ schema if prefix else schema }}
{%- endmacro %}
