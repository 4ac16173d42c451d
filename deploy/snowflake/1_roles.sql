-- Who may do what, as roles; people and programs get roles, never privileges of their own.

use role securityadmin;

create role if not exists LOADER;
alter role LOADER set comment = 'Airbyte: writes RAW';
create role if not exists TRANSFORMER;
alter role TRANSFORMER set comment = 'dbt: reads RAW, writes ANALYTICS';
create role if not exists REPORTER;
alter role REPORTER set comment = 'Analysts and dashboards: read the marts';
create role if not exists META_READER;
alter role META_READER set comment = 'The meta layer: reads what Snowflake knows about itself, keeps answers in META';

-- Whoever administers sees what they own.
grant role LOADER to role SYSADMIN;
grant role TRANSFORMER to role SYSADMIN;
grant role REPORTER to role SYSADMIN;
grant role META_READER to role SYSADMIN;
