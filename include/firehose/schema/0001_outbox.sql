-- The outbox: what happened (event), the messages that tell it (subject), and each call to Slack (delivery).

create table event (
    event_id      text primary key,
    kind          text not null,
    series        text not null,
    subject_key   text not null,
    occurred_at   timestamptz not null,
    first_seen_at timestamptz not null default now(),
    seen_via      text[] not null,
    severity      text not null,
    payload       jsonb not null,
    -- Null until a message carries it, and again when another road has added to it. A flag per row rather than a
    -- watermark: rows become visible in the order of their commits, which no sequence follows.
    composed_at   timestamptz
);
create index event_to_compose on event (occurred_at) where composed_at is null;
create index event_of_subject on event (subject_key);
create index event_of_series on event (series, occurred_at);

create table subject (
    subject_key   text primary key,
    kind          text not null,
    series        text not null,
    channel_id    text,
    parent_ts     text,
    state         text not null,
    started_at    timestamptz,
    ended_at      timestamptz,
    rendered_hash text,
    rev           integer not null default 0,
    -- When Slack last took a message of this subject: edits keep a distance from it.
    touched_at    timestamptz
);
create index subject_of_series on subject (series, ended_at);

create table delivery (
    delivery_id text primary key,
    message_key text not null unique,
    op          text not null check (op in ('post', 'update')),
    subject_key text not null references subject (subject_key),
    priority    smallint not null,
    body        jsonb not null,
    body_hash   text not null,
    state       text not null check (state in ('pending', 'sending', 'unknown', 'sent', 'dead')),
    -- Set when Slack has refused the blocks: the next attempt sends the text alone.
    plain       boolean not null default false,
    attempts    integer not null default 0,
    not_before  timestamptz not null default now(),
    first_attempt_at timestamptz,
    slack_ts    text,
    error       text,
    created_at  timestamptz not null default now(),
    updated_at  timestamptz not null default now()
);
create index delivery_open on delivery (priority, created_at) where state in ('pending', 'sending', 'unknown');
create index delivery_of_subject on delivery (subject_key, created_at);
-- A root message has one call on its way at most: what is not sent yet is overwritten, so edits cannot overtake.
create unique index delivery_one_open on delivery (subject_key)
    where op in ('post', 'update') and state in ('pending', 'sending', 'unknown');

create table delivery_event (
    delivery_id text not null references delivery (delivery_id) on delete cascade,
    event_id    text not null references event (event_id) on delete cascade,
    primary key (delivery_id, event_id)
);
create index delivery_event_of_event on delivery_event (event_id);

-- How far a polling source has been read.
create table cursor (
    source    text primary key,
    watermark text not null
);

-- Who may act. Renewed with every round, so it is the holder's heartbeat too.
create table lease (
    name       text primary key,
    holder     text not null,
    until      timestamptz not null,
    renewed_at timestamptz not null,
    -- Why the holder cannot work at the moment, in one sentence; null when all is well.
    trouble    text
);

-- Slack's rate limits per method, kept over restarts: `next_at` paces the calls, `blocked_until` is Slack's Retry-After.
create table rate_limit (
    method        text primary key,
    next_at       timestamptz not null,
    blocked_until timestamptz not null
);
