-- What the watchdog has told by its other road, so that a restart does not tell it again.

create table watchdog (
    name     text primary key,
    -- Null while all is well.
    began_at timestamptz,
    problem  text
);

-- The watchdog asks every few seconds when Slack last took something; the pulse counts a day's events.
create index delivery_sent on delivery (updated_at) where state = 'sent';
create index event_of_time on event (occurred_at);
