-- Privileges and roles that are granted now, from the account's own file.
select
    g.privilege,
    g.granted_on,
    g.name,
    g.granted_to,
    g.grantee_name,
    g.grant_option,
    g.granted_by,
    try_cast(nullif(g.created_on, '') as timestamptz) as created_on
from (
    select
        unnest(
            (content -> 'grants')::struct(
                privilege varchar, granted_on varchar, name varchar, granted_to varchar, grantee_name varchar,
                grant_option boolean, granted_by varchar, created_on varchar
            )[]
        ) as g
    from read_text(account_file())
)
