-- Fails if a shop's sales of a day are not the sum of the lines of that day. Only days that ended before the watermark
-- are compared, because the storefront may load while this runs.
with shop_days as (
    select * from {{ ref('fct_shop_days') }}
),

sources as (
    select * from {{ ref('int_sources_watermarked') }}
),

line_days as (
    select
        shop_id,
        placed_on,
        count(*) as order_lines,
        sum(sales_value) as sales
    from {{ ref('fct_order_lines') }}
    group by shop_id, placed_on
)

select
    coalesce(shop_days.shop_id, line_days.shop_id) as shop_id,
    coalesce(shop_days.date_day, line_days.placed_on) as date_day,
    shop_days.sales,
    line_days.sales as line_sales
from shop_days
full outer join line_days on shop_days.shop_id = line_days.shop_id and shop_days.date_day = line_days.placed_on
cross join sources
where
    coalesce(shop_days.date_day, line_days.placed_on) < cast(sources.watermark as date)
    and (
        coalesce(shop_days.sales, 0) <> coalesce(line_days.sales, 0)
        or coalesce(shop_days.order_lines, 0) <> coalesce(line_days.order_lines, 0)
    )
