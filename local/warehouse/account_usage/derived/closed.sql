-- What will not change any more. A warehouse's past is worked out once: everything up to `until`, an hour of the clock
-- before which no statement is still running, is kept here, and the views below work out only what came after.
create table snowflake._derived.closed (until timestamptz not null);
insert into snowflake._derived.closed values ('-infinity');

create table snowflake._derived.closed_runs (
    warehouse_name varchar not null, begins timestamptz not null, ends timestamptz not null
);

create table snowflake._derived.closed_hours (
    warehouse_name varchar not null,
    hour timestamptz not null,
    compute decimal(38, 9) not null,
    cloud_services decimal(38, 9) not null,
    attributed decimal(38, 9) not null
);

create table snowflake._derived.closed_attributions (
    query_id varchar not null,
    warehouse_name varchar not null,
    begins timestamptz not null,
    ends timestamptz not null,
    credits double not null
);

-- The credits of a statement up to `until`, if it ended later.
create table snowflake._derived.begun (query_id varchar not null, credits double not null);

-- For each warehouse its last run that began before `until`, and the statement that keeps it awake longest.
create table snowflake._derived.carried (
    warehouse_name varchar not null,
    run_begins timestamptz not null,
    begins timestamptz not null,
    ends timestamptz not null
);

create macro snowflake._derived.until() as (select until from snowflake._derived.closed);

create table snowflake._derived.closed_accesses (
    query_id varchar not null, query_start_time timestamptz not null, user_name varchar not null, pattern hugeint not null
);

create table snowflake._derived.patterns (
    pattern hugeint not null, direct_objects_accessed json, base_objects_accessed json, objects_modified json
);
