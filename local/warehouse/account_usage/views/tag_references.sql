-- Tags are accepted and not kept.
select null as tag_name where false
