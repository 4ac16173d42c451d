-- What each role may do, and no more.

use role securityadmin;

-- LOADER: Airbyte makes a schema for each source, and owns what it makes.
grant usage on warehouse LOADING_WH to role LOADER;
grant usage, create schema on database RAW to role LOADER;

-- TRANSFORMER: reads everything loaded, now and later; makes everything else.
grant usage on warehouse TRANSFORM_WH to role TRANSFORMER;
grant usage on database RAW to role TRANSFORMER;
grant usage on all schemas in database RAW to role TRANSFORMER;
grant usage on future schemas in database RAW to role TRANSFORMER;
grant select on all tables in database RAW to role TRANSFORMER;
grant select on future tables in database RAW to role TRANSFORMER;
grant usage, create schema on database ANALYTICS to role TRANSFORMER;
grant all privileges on schema ANALYTICS.STAGING to role TRANSFORMER;
grant all privileges on schema ANALYTICS.INTERMEDIATE to role TRANSFORMER;
grant all privileges on schema ANALYTICS.MARTS to role TRANSFORMER;

-- REPORTER: the marts, and nothing that is half-made.
grant usage on warehouse REPORTING_WH to role REPORTER;
grant usage on database ANALYTICS to role REPORTER;
grant usage on schema ANALYTICS.MARTS to role REPORTER;
grant select on all tables in schema ANALYTICS.MARTS to role REPORTER;
grant select on future tables in schema ANALYTICS.MARTS to role REPORTER;
grant select on all views in schema ANALYTICS.MARTS to role REPORTER;
grant select on future views in schema ANALYTICS.MARTS to role REPORTER;

-- META_READER: its own warehouse and database.
grant usage on warehouse META_WH to role META_READER;
grant ownership on database META to role META_READER copy current grants;
grant ownership on schema META.LAYER to role META_READER copy current grants;
-- Without it Snowflake's "what runs now" shows this role its own statements only. Give it for each warehouse you add.
grant monitor on warehouse LOADING_WH to role META_READER;
grant monitor on warehouse TRANSFORM_WH to role META_READER;
grant monitor on warehouse REPORTING_WH to role META_READER;
grant monitor on warehouse META_WH to role META_READER;

-- META_READER: Snowflake's account of itself, by the database roles that Snowflake has for it. Not IMPORTED PRIVILEGES,
-- which also opens what concerns the whole organization.
use role accountadmin;
-- Tables, views, columns, dependencies, resource monitors.
grant database role SNOWFLAKE.OBJECT_VIEWER to role META_READER;
-- Credits, storage, loads, tasks, what was read and written.
grant database role SNOWFLAKE.USAGE_VIEWER to role META_READER;
-- Statements and who accessed what.
grant database role SNOWFLAKE.GOVERNANCE_VIEWER to role META_READER;
-- Users, logins, roles and grants: for the question who has access and does not use it.
grant database role SNOWFLAKE.SECURITY_VIEWER to role META_READER;
