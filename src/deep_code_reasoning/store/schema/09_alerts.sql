-- What monitors said.
CREATE TABLE alerts (
    fired_at_unix_nano BIGINT,
    service_name    VARCHAR,
    metric          VARCHAR,
    threshold       DOUBLE,
    observed        DOUBLE,
    severity        VARCHAR,
    summary         VARCHAR,
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
