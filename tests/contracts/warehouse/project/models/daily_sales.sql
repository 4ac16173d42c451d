{{ config(
    materialized='table',
    query_tag='daily-sales',
    snowflake_warehouse='LARGE_WH',
    grants={'select': ['REPORTER', 'AUDITOR']},
    post_hook="insert into {{ target.database }}.{{ target.schema }}.hook_log select '{{ this.identifier }}', current_timestamp()"
) }}
select
    placed_at::date as day,
    shop_id,
    count(*) as orders,
    sum(amount) as sales,
    current_role() as built_by,
    current_warehouse() as built_on
from {{ ref('stg_orders') }}
group by 1, 2
