{#- Says how many rows a table has after it was built: Snowflake's answer to `create table as` does not say, and
    count(*) of a whole table is answered from metadata. Runs as a post-hook and gives it nothing to run. -#}
{% macro count_rows() -%}
    {%- if execute -%}
        {%- set rows = run_query('select count(*) from ' ~ this).columns[0].values()[0] -%}
        {%- do log('rows of ' ~ this.identifier ~ ': ' ~ rows, info=true) -%}
    {%- endif -%}
{%- endmacro %}
