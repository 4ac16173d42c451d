{#- What loading makes of money and time, undone in one place. -#}

{#- Airbyte loads numeric columns as FLOAT; rounded to the cent they are exact again. -#}
{% macro money(column) -%}
    cast(round({{ column }}, 2) as number(12, 2))
{%- endmacro %}

{% macro cents_to_dollars(column) -%}
    cast({{ column }} / 100 as number(12, 2))
{%- endmacro %}

{#- The wall clock of UTC, so that a day is the same day for every session's time zone. -#}
{% macro utc(column) -%}
    cast(convert_timezone('UTC', {{ column }}) as timestamp_ntz)
{%- endmacro %}

{% macro utc_from_unix(column) -%}
    to_timestamp_ntz({{ column }})
{%- endmacro %}
