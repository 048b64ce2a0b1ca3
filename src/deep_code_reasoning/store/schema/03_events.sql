-- Span events; exceptions have their three attributes as columns.
CREATE TABLE events (
    span_number          BIGINT NOT NULL,
    name                 VARCHAR NOT NULL,
    time_unix_nano       BIGINT NOT NULL,
    exception_type       VARCHAR,
    exception_message    VARCHAR,
    exception_stacktrace VARCHAR,
    attributes           STRUCT(key VARCHAR, value VARCHAR)[],
    source               INTEGER NOT NULL,
    source_offset        BIGINT NOT NULL
);
