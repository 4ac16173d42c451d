{#- Appended to every statement as JSON, so that Snowflake's query history can say what each dbt node cost. What belongs to
    no node, dbt's looking around in schemas and the hooks of a whole run, has no node_id. -#}
{% macro query_comment(node) -%}
    {%- set comment = {'app': 'dbt', 'target_name': target.name, 'invocation_id': invocation_id} -%}
    {%- if node is not none -%}
        {%- do comment.update(node_id=node.unique_id) -%}
    {%- endif -%}
    {{ tojson(comment) }}
{%- endmacro %}
