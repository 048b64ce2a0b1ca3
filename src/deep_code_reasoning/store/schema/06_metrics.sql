-- Metric points. A histogram's point has count, sum and buckets; `value` is then its mean (sum / count).
CREATE TABLE metrics (
    time_unix_nano         BIGINT NOT NULL,
    start_time_unix_nano   BIGINT,
    name                   VARCHAR NOT NULL,
    unit                   VARCHAR,
    kind                   VARCHAR NOT NULL,  -- gauge, sum, histogram, summary
    aggregation_temporality VARCHAR,          -- cumulative, delta
    is_monotonic           BOOLEAN,
    value                  DOUBLE,
    count                  DOUBLE,
    sum                    DOUBLE,
    min                    DOUBLE,
    max                    DOUBLE,
    explicit_bounds        DOUBLE[],
    bucket_counts          DOUBLE[],
    service_name           VARCHAR,
    host                   VARCHAR,
    resource_number        BIGINT,
    attributes             STRUCT(key VARCHAR, value VARCHAR)[],
    source                 INTEGER NOT NULL,
    source_offset          BIGINT NOT NULL
);
