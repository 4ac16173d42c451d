-- Roles, users, warehouses, databases and resource monitors as they are now, from the account's own file.
select
    kind.key as kind,
    thing.key as name,
    thing.value.created_on as created_on,
    thing.value.owner as owner,
    thing.value.comment as comment,
    thing.value.properties as properties
from (
    select kind, unnest(map_entries(kind.value)) as thing
    from (
        select
            unnest(
                map_entries(
                    (content -> 'things')::map(
                        varchar,
                        map(
                            varchar,
                            struct(name varchar, created_on timestamptz, "owner" varchar, comment varchar, properties json)
                        )
                    )
                )
            ) as kind
        from read_text(account_file())
    )
)
