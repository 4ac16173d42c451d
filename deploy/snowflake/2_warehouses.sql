-- One warehouse for each kind of work, so that the bill says what the work costs and none can slow another. A warehouse is
-- off until asked and off again after a minute; no statement runs for two days by mistake, which is Snowflake's default.

use role sysadmin;

create warehouse if not exists LOADING_WH initially_suspended = true;
alter warehouse LOADING_WH set
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true
    statement_timeout_in_seconds = 7200 comment = 'Airbyte';

create warehouse if not exists TRANSFORM_WH initially_suspended = true;
alter warehouse TRANSFORM_WH set
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true
    statement_timeout_in_seconds = 7200 comment = 'dbt';

create warehouse if not exists REPORTING_WH initially_suspended = true;
alter warehouse REPORTING_WH set
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true
    statement_timeout_in_seconds = 900 comment = 'Analysts and dashboards';

create warehouse if not exists META_WH initially_suspended = true;
alter warehouse META_WH set
    warehouse_size = xsmall auto_suspend = 60 auto_resume = true
    statement_timeout_in_seconds = 600 comment = 'The meta layer';

-- What a month may cost at most, in credits: an XSMALL warehouse that never stops would use 744. At 100 % running
-- statements end and no new one begins. Quotas are for you to change, here. Snowflake tells those administrators who
-- have switched notifications on in their profile.
use role accountadmin;

create resource monitor if not exists LOADING with credit_quota = 60 frequency = monthly start_timestamp = immediately;
alter resource monitor LOADING set credit_quota = 60
    triggers on 75 percent do notify on 90 percent do notify on 100 percent do suspend;
alter warehouse LOADING_WH set resource_monitor = LOADING;

create resource monitor if not exists TRANSFORM with credit_quota = 120 frequency = monthly start_timestamp = immediately;
alter resource monitor TRANSFORM set credit_quota = 120
    triggers on 75 percent do notify on 90 percent do notify on 100 percent do suspend;
alter warehouse TRANSFORM_WH set resource_monitor = TRANSFORM;

create resource monitor if not exists REPORTING with credit_quota = 60 frequency = monthly start_timestamp = immediately;
alter resource monitor REPORTING set credit_quota = 60
    triggers on 75 percent do notify on 90 percent do notify on 100 percent do suspend;
alter warehouse REPORTING_WH set resource_monitor = REPORTING;

-- Asked every half hour: about 1,500 times a minute and a half.
create resource monitor if not exists META with credit_quota = 60 frequency = monthly start_timestamp = immediately;
alter resource monitor META set credit_quota = 60
    triggers on 75 percent do notify on 90 percent do notify on 100 percent do suspend;
alter warehouse META_WH set resource_monitor = META;
