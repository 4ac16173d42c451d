-- Threads: replies beside the root message, in the order in which they were made; and messages folded into a digest.

alter table delivery drop constraint delivery_op_check;
alter table delivery add constraint delivery_op_check check (op in ('post', 'update', 'reply'));
alter table delivery drop constraint delivery_state_check;
alter table delivery add constraint delivery_state_check
    check (state in ('pending', 'sending', 'unknown', 'sent', 'dead', 'folded'));
-- Several are made in one transaction, at one created_at.
alter table delivery add column seq bigint generated always as identity;
drop index delivery_open;
create index delivery_open on delivery (priority, seq) where state in ('pending', 'sending', 'unknown');
create index delivery_reply_open on delivery (subject_key, seq)
    where op = 'reply' and state in ('pending', 'sending', 'unknown');


-- The digest that tells a message which was never sent by itself, because Slack was away for too long.
alter table delivery add column folded_into text references delivery (delivery_id);
