-- Fails if the source has a line that fct_order_lines has not, although its order must have been loaded by now.
with order_lines as (
    select * from {{ ref('stg_storefront__order_lines') }}
),

built as (
    select * from {{ ref('fct_order_lines') }}
),

newest as (
    select dateadd(minute, -{{ var('watermark_margin_minutes') }}, max(loaded_at)) as settled_before
    from built
)

select order_lines.order_line_id
from order_lines
cross join newest
left join built on order_lines.order_line_id = built.order_line_id
where
    built.order_line_id is null
    and order_lines.loaded_at < newest.settled_before
