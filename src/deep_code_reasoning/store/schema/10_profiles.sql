-- Profile samples: a stack, root first, and what was measured on it.
CREATE TABLE profiles (
    time_unix_nano  BIGINT,
    service_name    VARCHAR,
    sample_type     VARCHAR NOT NULL,  -- cpu, wall, alloc_space ...
    unit            VARCHAR NOT NULL,
    value           DOUBLE NOT NULL,
    stack           STRUCT("function" VARCHAR, file VARCHAR, line INTEGER)[],
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
