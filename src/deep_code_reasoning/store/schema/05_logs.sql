-- Log records; `template_id` names the row of log_templates that the body falls under once its variable parts are masked.
CREATE TABLE logs (
    log_number              BIGINT NOT NULL,   -- unique in the investigation, in reading order
    time_unix_nano          BIGINT,            -- NULL where the record has no time
    observed_time_unix_nano BIGINT,
    severity_number         INTEGER,           -- OpenTelemetry's 1..24, NULL where unknown
    severity_text           VARCHAR,
    body                    VARCHAR NOT NULL,
    event_name              VARCHAR,
    trace_id                VARCHAR,
    span_id                 VARCHAR,
    service_name            VARCHAR,
    host                    VARCHAR,
    resource_number         BIGINT,
    scope_name              VARCHAR,
    exception_type          VARCHAR,
    exception_stacktrace    VARCHAR,
    attributes              STRUCT(key VARCHAR, value VARCHAR)[],
    template_id             UBIGINT,
    source                  INTEGER NOT NULL,
    source_offset           BIGINT NOT NULL
);
