-- Fails if a line counts a thousand pieces or more (some product is sold by volume that fct_order_lines does not know),
-- or if a gallon costs less than 0.50 or more than 10 dollars (pieces are taken for a volume).
select
    order_line_id,
    product_id,
    items,
    gallons,
    sales_value
from {{ ref('fct_order_lines') }}
where
    items >= 1000
    -- The smallest fills are a few cents, so that rounding alone moves their price a lot.
    or (gallons >= 0.05 and not sales_value / gallons between 0.50 and 10)
