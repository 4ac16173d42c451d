-- The three programs that log in. TYPE = SERVICE: no password and no web page, only a key (keys.sql). People are not made
-- here: give them REPORTER.

use role securityadmin;

create user if not exists LOADER type = service;
alter user LOADER set
    type = service comment = 'Airbyte'
    default_role = LOADER default_warehouse = LOADING_WH default_namespace = 'RAW'
    -- Airbyte cannot say in its statements that they are its own; this marks every session of its user.
    query_tag = '{"app":"airbyte"}' timezone = 'UTC';
grant role LOADER to user LOADER;

create user if not exists TRANSFORMER type = service;
alter user TRANSFORMER set
    type = service comment = 'dbt'
    default_role = TRANSFORMER default_warehouse = TRANSFORM_WH default_namespace = 'ANALYTICS' timezone = 'UTC';
grant role TRANSFORMER to user TRANSFORMER;

create user if not exists META type = service;
alter user META set
    type = service comment = 'The meta layer'
    default_role = META_READER default_warehouse = META_WH default_namespace = 'META.LAYER' timezone = 'UTC';
grant role META_READER to user META;
