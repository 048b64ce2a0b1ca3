-- What the detectors saw at the last diagnosis.
CREATE TABLE findings (
    finding_id      VARCHAR NOT NULL,
    code            VARCHAR NOT NULL,
    title           VARCHAR NOT NULL,
    severity        VARCHAR NOT NULL,
    "role"          VARCHAR NOT NULL,
    service_name    VARCHAR,
    operation       VARCHAR,
    resource        VARCHAR,
    start_time_unix_nano BIGINT,
    end_time_unix_nano   BIGINT,
    numbers         VARCHAR NOT NULL,  -- a JSON object
    evidence        VARCHAR[] NOT NULL
);
