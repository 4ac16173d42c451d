-- Credits of one cluster in an hour, by size, from Snowflake's consumption table.
create macro snowflake._derived.credits_per_hour(size) as case size
    when 'X-Small' then 1
    when 'Small' then 2
    when 'Medium' then 4
    when 'Large' then 8
    when 'X-Large' then 16
    when '2X-Large' then 32
    when '3X-Large' then 64
    when '4X-Large' then 128
    when '5X-Large' then 256
    when '6X-Large' then 512
end;

-- Snowflake does not publish how a statement's cloud services are measured: compilation, at 4.4 credits an hour, gives
-- figures of the size that it shows.
create macro snowflake._derived.cloud_services_credits(compilation_milliseconds) as
    coalesce(compilation_milliseconds, 0) * 4.4 / 3.6e6;

-- What the account's file has no number for keeps the same one as long as it keeps its name.
create macro snowflake._derived.stable_id(kind, name) as (hash(kind, name) >> 33)::bigint;

-- A name given as text follows the rules of identifiers.
create macro snowflake._derived.named(name) as if(name like '"%"', name[2:-2], upper(name));

create macro snowflake._derived.copy_status(status) as upper(status[1]) || lower(replace(status[2:], '_', ' '));

-- The start of a function's range, which must be among the last so many days.
create macro snowflake._derived.recent(given, days) as (
    select case
        when given::timestamptz < now() - to_days(days)
            then error('Cannot retrieve data from more than ' || days || ' days ago.')::timestamptz
        else coalesce(given::timestamptz, now() - to_days(days))
    end
);
