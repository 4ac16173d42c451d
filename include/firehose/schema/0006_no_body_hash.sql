-- Whether a message has changed is the subject's to know (rendered_hash); nothing read the deliveries' own.
alter table delivery drop column body_hash;
