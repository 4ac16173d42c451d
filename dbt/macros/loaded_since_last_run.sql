{#- True for the rows an incremental run must look at: those loaded since the newest row of the table, and a lookback
    before it. The first run, a full refresh and a table that is still empty look at all of them. -#}
{% macro loaded_since_last_run(column) -%}
    {%- if is_incremental() -%}
        {{ column }} >= (
            select coalesce(dateadd(hour, -{{ var('lookback_hours') }}, max(loaded_at)), to_timestamp_ntz(0))
            from {{ this }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
