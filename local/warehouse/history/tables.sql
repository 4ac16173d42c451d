-- What the local warehouse remembers of itself. Run at every start, in catalog `_history` (file history.db), schema main.
--
-- Rules: times are UTC; names are upper case unless they were quoted; a null is "not known here", never zero.
-- "Local bytes" are what DuckDB's file holds for an object: whole blocks of 256 KiB, counted at its last checkpoint (at
-- most 30 seconds ago). Rows are in the order in which things ended, so a bound on a time column skips most of a table.

-- One row per statement that has ended.
create table if not exists queries (
    query_id varchar not null,                  -- UUID, the one the client got
    root_query_id varchar,                      -- the MULTI_STATEMENT request it came in; null when it came alone
    query_text varchar not null,                -- as sent, cut at 100,000 characters
    query_type varchar not null,                -- Snowflake's words: SELECT, CREATE_TABLE_AS_SELECT, MERGE, ...
    query_tag varchar not null,                 -- the session's QUERY_TAG at the start; '' when there is none
    query_hash varchar,                         -- md5 of the text without comments, spaces and letter case
    query_parameterized_hash varchar,           -- the same with every literal replaced
    execution_status varchar not null,          -- SUCCESS, FAIL, INCIDENT (the server died under it); RUNNING in `running`
    error_code varchar,                         -- six digits, '002003'; null on success
    error_message varchar,                      -- null on success; 'SQL execution canceled' when it was cancelled
    session_id bigint not null,                 -- sessions.session_id
    user_name varchar not null,
    role_name varchar,
    database_name varchar,                      -- where the session stood when the statement began
    schema_name varchar,
    warehouse_id bigint,                        -- warehouse_changes.warehouse_id; null when nobody made that warehouse
    warehouse_name varchar,                     -- the session's, whether the statement used it or not
    warehouse_size varchar,                     -- 'X-Small', ...; null when no warehouse worked, so nothing is metered
    warehouse_type varchar,                     -- STANDARD; null with warehouse_size
    start_time timestamptz not null,
    end_time timestamptz,                       -- null in `running`
    total_elapsed_time bigint,                  -- milliseconds, as all times below; the parts add up to at most this
    compilation_time bigint,                    -- parsing and rewriting for DuckDB
    execution_time bigint,                      -- DuckDB, which also plans; a warehouse works during this and nothing else
    queued_overload_time bigint,                -- waiting for a free thread of the server
    transaction_blocked_time bigint,            -- waiting for other sessions that write to the same table
    rows_produced bigint,                       -- rows of the result; for DML the rows changed
    rows_inserted bigint,
    rows_updated bigint,
    rows_deleted bigint,
    bytes_scanned bigint,                       -- local bytes of all base tables read, whole: DuckDB does not tell what it skipped
    bytes_written bigint,                       -- always null: DuckDB does not tell
    bytes_written_to_result bigint,             -- Arrow bytes of the result
    partitions_scanned bigint,                  -- DuckDB row groups (122,880 rows) of the base tables read, whole
    partitions_total bigint,                    -- the same: nothing is known to have been skipped
    transaction_id bigint,                      -- 0 outside of an explicit transaction
    is_client_generated boolean not null        -- the driver asked by itself (its isInternal flag)
);

-- One row per statement that runs now: the same columns, execution_status RUNNING, end_time null. What the server's
-- end leaves here moves to `queries` at the next start, as INCIDENT.
create table if not exists running as select * from queries limit 0;

-- What a successful statement read and wrote: one row per statement, object and role. Failed statements,
-- ACCOUNT_USAGE, information schemas, table functions and RESULT_SCAN leave nothing, as in Snowflake.
create table if not exists accesses (
    query_id varchar not null,
    query_start_time timestamptz not null,
    user_name varchar not null,
    access_role varchar not null,               -- direct: as written; base: tables under it (a view between is not logged); modified
    object_domain varchar not null,             -- Table, View, Stage
    object_id bigint,                           -- objects.object_id of the version of that moment
    object_name varchar not null,               -- DATABASE.SCHEMA.NAME
    columns varchar[]                           -- null when they could not be told for certain
);

-- One row per version of a table, view, schema or database. `create or replace` ends one version and begins another.
create table if not exists objects (
    object_id bigint primary key,
    kind varchar not null,                      -- TABLE, VIEW, SCHEMA, DATABASE
    database_name varchar not null,
    schema_name varchar,                        -- null for a database
    name varchar not null,                      -- of a schema or database: its own name
    owner varchar,                              -- the role that made it
    created timestamptz not null,
    created_by varchar,                         -- queries.query_id; null when it was there before the record began
    last_altered timestamptz not null,          -- DDL or DML
    last_ddl timestamptz not null,
    last_ddl_by varchar,                        -- user
    deleted timestamptz,                        -- null: it exists
    is_transient boolean not null,
    is_temporary boolean not null,
    retention_days integer not null,            -- DATA_RETENTION_TIME_IN_DAYS, 1 unless the statement said otherwise
    clone_of bigint,                            -- objects.object_id of the clone's source
    definition varchar,                         -- of a view: its CREATE statement
    row_count bigint,                           -- tables: after the last DML; null for others
    bytes bigint                                -- tables: local bytes
);

-- How big a table was, one row whenever that was measured and had changed.
create table if not exists sizes (
    object_id bigint not null,
    measured_at timestamptz not null,
    row_count bigint not null,
    bytes bigint not null                       -- local bytes
);

-- Rows a committed statement changed, per table. What was rolled back is not here.
create table if not exists dml (
    query_id varchar not null,
    changed_at timestamptz not null,            -- end of the statement
    object_id bigint,
    object_name varchar not null,               -- DATABASE.SCHEMA.NAME
    rows_added bigint not null,
    rows_removed bigint not null,
    rows_updated bigint not null
);

-- One row per file a COPY INTO a table looked at.
create table if not exists copies (
    query_id varchar not null,
    session_id bigint not null,
    user_name varchar not null,
    object_id bigint,
    object_name varchar not null,               -- DATABASE.SCHEMA.NAME of the table
    file_name varchar not null,                 -- as COPY reports it, from the stage on
    stage_location varchar,                     -- as written in the statement
    last_load_time timestamptz not null,
    status varchar not null,                    -- LOADED, PARTIALLY_LOADED, LOAD_FAILED, LOAD_SKIPPED
    row_count bigint not null,
    row_parsed bigint not null,
    file_size bigint,                           -- null when the file was gone by then (PURGE)
    error_count bigint not null,
    error_limit bigint,
    first_error_message varchar,
    first_error_line_number bigint,
    first_error_character_position bigint,
    first_error_column_name varchar
);

-- Each attempt to log in.
create table if not exists logins (
    event_id bigint not null,
    event_timestamp timestamptz not null,
    user_name varchar not null,
    client_ip varchar,
    reported_client_type varchar not null,      -- PYTHON_DRIVER, JDBC_DRIVER, ..., OTHER
    reported_client_version varchar,
    first_authentication_factor varchar,        -- PASSWORD, RSA_KEYPAIR, OAUTH_ACCESS_TOKEN, PROGRAMMATIC_ACCESS_TOKEN
    is_success boolean not null,
    error_code integer,                         -- 390100, 390101, ...; null on success
    error_message varchar                       -- Snowflake's words: INCORRECT_USERNAME_PASSWORD, USER_ACCESS_DISABLED
);

-- Each session. It is updated when the session ends.
create table if not exists sessions (
    session_id bigint primary key,
    created_on timestamptz not null,
    user_name varchar not null,
    authentication_method varchar,
    login_event_id bigint,
    client_application_id varchar,              -- 'PythonConnector 4.8.1'
    client_application_version varchar,
    client_environment varchar,                 -- JSON
    closed_on timestamptz,                      -- null: open
    closed_reason varchar                       -- LOGOUT, IDLE, SHUTDOWN, INCIDENT
);

-- What the query of a view names: one row per view version and object.
create table if not exists dependencies (
    object_id bigint not null,                  -- of the view
    referenced_name varchar not null,           -- DATABASE.SCHEMA.NAME
    referenced_domain varchar not null,         -- TABLE or VIEW when the view was made
    referenced_id bigint,                       -- the version of that day; the view follows the name, not the id
    columns varchar[]                           -- null when they could not be told for certain
);

-- Each change of a warehouse, with what it was from then on.
create table if not exists warehouse_changes (
    changed_at timestamptz not null,
    warehouse_id bigint not null,
    warehouse_name varchar not null,
    event varchar not null,                     -- CREATE, ALTER, RENAME, SUSPEND, RESUME, DROP
    size varchar not null,                      -- 'X-Small', ...
    warehouse_type varchar not null,
    auto_suspend integer,                       -- seconds; null or 0: never
    auto_resume boolean not null,
    min_cluster_count integer not null,
    max_cluster_count integer not null,
    resource_monitor varchar,
    user_name varchar,                          -- null when it was there before the record began
    role_name varchar,
    query_id varchar
);
