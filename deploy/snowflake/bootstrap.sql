-- What Backbeat needs in a Snowflake account: databases, warehouses, roles and their grants. Idempotent; run it as a user
-- who may use SYSADMIN and SECURITYADMIN. Users and their keys are the account's own matter (see docs/how-to).

use role securityadmin;
create role if not exists LOADER comment = 'Airbyte: writes RAW';
create role if not exists TRANSFORMER comment = 'dbt: reads RAW, writes ANALYTICS';
create role if not exists REPORTER comment = 'Dashboards and people: read the marts';
grant role LOADER to role SYSADMIN;
grant role TRANSFORMER to role SYSADMIN;
grant role REPORTER to role SYSADMIN;

use role sysadmin;
create warehouse if not exists LOADING_WH
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true initially_suspended = true comment = 'Airbyte';
create warehouse if not exists TRANSFORM_WH
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true initially_suspended = true comment = 'dbt';
create warehouse if not exists REPORTING_WH
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true initially_suspended = true comment = 'Dashboards';

create database if not exists RAW comment = 'What Airbyte loads: one schema per source';
create database if not exists ANALYTICS comment = 'What dbt builds: staging, intermediate, marts';
create schema if not exists ANALYTICS.STAGING;
create schema if not exists ANALYTICS.INTERMEDIATE;
create schema if not exists ANALYTICS.MARTS;

use role securityadmin;
grant usage on warehouse LOADING_WH to role LOADER;
grant usage, create schema on database RAW to role LOADER;

grant usage on warehouse TRANSFORM_WH to role TRANSFORMER;
grant usage on database RAW to role TRANSFORMER;
grant usage on future schemas in database RAW to role TRANSFORMER;
grant select on future tables in database RAW to role TRANSFORMER;
grant usage, create schema on database ANALYTICS to role TRANSFORMER;
grant all privileges on schema ANALYTICS.STAGING to role TRANSFORMER;
grant all privileges on schema ANALYTICS.INTERMEDIATE to role TRANSFORMER;
grant all privileges on schema ANALYTICS.MARTS to role TRANSFORMER;

grant usage on warehouse REPORTING_WH to role REPORTER;
grant usage on database ANALYTICS to role REPORTER;
grant usage on schema ANALYTICS.MARTS to role REPORTER;
grant select on all tables in schema ANALYTICS.MARTS to role REPORTER;
grant select on future tables in schema ANALYTICS.MARTS to role REPORTER;
grant select on all views in schema ANALYTICS.MARTS to role REPORTER;
grant select on future views in schema ANALYTICS.MARTS to role REPORTER;
