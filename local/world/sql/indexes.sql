-- Keys and indexes, after the first load. order_lines.product_id has no foreign key: the data sells products that
-- its catalogue does not list.

alter table public.shops add primary key (shop_id);
alter table public.plans add primary key (plan_id);
alter table public.subscriptions add primary key (subscription_id);
alter table public.buyers add primary key (buyer_id);
alter table public.products add primary key (product_id);
alter table public.orders add primary key (order_id);
alter table public.order_lines add primary key (order_line_id);

alter table public.subscriptions add foreign key (shop_id) references public.shops;
alter table public.subscriptions add foreign key (plan_id) references public.plans;
alter table public.orders add foreign key (shop_id) references public.shops;
alter table public.orders add foreign key (buyer_id) references public.buyers;
alter table public.order_lines add foreign key (order_id) references public.orders;

create unique index order_lines_product on public.order_lines (order_id, product_id);

create index shops_updated on public.shops (updated_at);
create index plans_updated on public.plans (updated_at);
create index subscriptions_updated on public.subscriptions (updated_at);
create index buyers_updated on public.buyers (updated_at);
create index products_updated on public.products (updated_at);
create index orders_updated on public.orders (updated_at);
create index order_lines_updated on public.order_lines (updated_at);

alter table payments.charges add primary key (id);
alter table payments.refunds add primary key (id);
alter table payments.payouts add primary key (id);
alter table payments.balance_transactions add primary key (id);

create index charges_newest on payments.charges (created, id);
create index refunds_newest on payments.refunds (created, id);
create index payouts_newest on payments.payouts (created, id);
create index balance_transactions_newest on payments.balance_transactions (created, id);
