-- The missing beat: what is known of each series, and each beat that was expected.

create table series (
    series        text primary key,
    -- Who knows its schedule; what a source does not list any more is gone.
    source        text not null,
    -- The schedule as it was last known: it is used while its source is away.
    schedule      jsonb not null,
    -- Null where the next beat is not known ahead: its clock starts with another one's.
    next_expected timestamptz,
    -- What was learned: the last delays in seconds, and what has been heard of the series it waits for.
    memory        jsonb not null,
    last_seen_at  timestamptz,
    gone          boolean not null default false
);

create table beat (
    series        text not null references series (series) on delete cascade,
    expected_at   timestamptz not null,
    state         text not null
        check (state in ('waiting', 'late', 'missing', 'held', 'came', 'passed', 'excused')),
    -- Delays count from here; the lines from clock_from, which is later when the clock had to stand still.
    counted_from  timestamptz not null,
    clock_from    timestamptz not null,
    window_from   timestamptz not null,
    late_after    double precision,
    missing_after double precision not null,
    reason        text not null,
    arrived_at    timestamptz,
    -- How many spreads it was from its series' usual delay; what all series learn from together.
    residual      double precision,
    -- The message that tells that it is missing; null when none does.
    subject_key   text,
    reported_at   timestamptz,
    primary key (series, expected_at)
);
create index beat_open on beat (series) where state in ('waiting', 'late', 'missing', 'held');
create index beat_learned on beat (arrived_at) where residual is not null;
create index beat_expected on beat (expected_at);

-- The watch reads what has come since its last round.
create index event_that_beats on event (first_seen_at)
    where kind in ('airflow.run', 'meta.answer', 'github.pull_request', 'github.push', 'buildkite.build');
