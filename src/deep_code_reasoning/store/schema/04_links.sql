-- Span links: causality across traces (batch consumers, retries that start a new trace).
CREATE TABLE links (
    span_number   BIGINT NOT NULL,
    trace_id      VARCHAR NOT NULL,
    span_id       VARCHAR NOT NULL,
    attributes    STRUCT(key VARCHAR, value VARCHAR)[],
    source        INTEGER NOT NULL,
    source_offset BIGINT NOT NULL
);
