-- Fails if one source is more than a day behind another, so that what was compared says little about now.
select
    watermark,
    orders_until,
    order_lines_until,
    payments_until,
    visits_until
from {{ ref('int_sources_watermarked') }}
where watermark < dateadd(day, -1, greatest(orders_until, order_lines_until, payments_until, visits_until))
