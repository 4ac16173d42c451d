-- Fails if a payout is not the sum of the charges, fees and refunds it covers. The first one is left out: it may pay
-- for days before the loaded history.
select
    payout_id,
    amount,
    covered_net
from {{ ref('fct_payouts') }}
where
    amount <> covered_net
    and covers_after is not null
