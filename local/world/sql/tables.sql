-- Tables without keys and indexes: the first load copies into bare tables and indexes.sql builds the rest at once.

create schema world;
create schema payments;

create table world.meta (
    only_row boolean primary key default true check (only_row),
    layout integer not null,
    seed bigint not null,
    days integer not null,
    offset_seconds bigint not null,
    history_start timestamptz not null,
    last_tick timestamptz not null,
    clock_lead interval not null default '0',
    frozen_at timestamptz
);

create table public.shops (
    shop_id bigint not null,
    name text not null,
    slug text not null,
    city text not null,
    state text not null,
    country text not null,
    status text not null,
    opened_at timestamptz not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.plans (
    plan_id text not null,
    name text not null,
    monthly_price numeric(10, 2) not null,
    transaction_fee_rate numeric(6, 4) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.subscriptions (
    subscription_id bigint not null,
    shop_id bigint not null,
    plan_id text not null,
    status text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.buyers (
    buyer_id bigint not null,
    age_band text,
    income_band text,
    home_ownership text,
    marital_status text,
    household_size text,
    household_composition text,
    kids_count text,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.products (
    product_id bigint not null,
    manufacturer_id bigint,
    department text,
    brand text,
    category text,
    product_type text,
    package_size text,
    revision bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.orders (
    order_id bigint not null,
    shop_id bigint not null,
    buyer_id bigint not null,
    status text not null,
    currency text not null,
    total_amount numeric(12, 2) not null,
    refunded_amount numeric(12, 2) not null,
    placed_at timestamptz not null,
    fulfilled_at timestamptz,
    cancelled_at timestamptz,
    refunded_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table public.order_lines (
    order_line_id bigint not null,
    order_id bigint not null,
    product_id bigint not null,
    quantity bigint not null,
    sales_value numeric(12, 2) not null,
    retail_discount numeric(12, 2) not null,
    coupon_discount numeric(12, 2) not null,
    coupon_match_discount numeric(12, 2) not null,
    created_at timestamptz not null,
    updated_at timestamptz not null
);

-- Identifiers sort by byte, so that "newest first" has one order whatever the server's locale.
create table payments.charges (
    id text collate "C" not null,
    created bigint not null,
    amount bigint not null,
    amount_refunded bigint not null,
    balance_transaction text not null,
    payment_intent text not null,
    order_id bigint not null,
    shop_id bigint not null,
    buyer_id bigint not null,
    card_brand text not null,
    card_last4 text not null
);

create table payments.refunds (
    id text collate "C" not null,
    created bigint not null,
    amount bigint not null,
    balance_transaction text not null,
    charge text not null,
    payment_intent text not null,
    order_id bigint not null,
    shop_id bigint not null,
    buyer_id bigint not null
);

create table payments.payouts (
    id text collate "C" not null,
    created bigint not null,
    amount bigint not null,
    arrival_date bigint not null,
    balance_transaction text not null
);

create table payments.balance_transactions (
    id text collate "C" not null,
    created bigint not null,
    available_on bigint not null,
    type text not null,
    amount bigint not null,
    fee bigint not null,
    net bigint not null,
    source text not null
);
