-- Deployments and other switches thrown in production.
CREATE TABLE deploys (
    deploy_id       VARCHAR NOT NULL,
    time_unix_nano  BIGINT NOT NULL,
    service_name    VARCHAR,
    environment     VARCHAR,
    kind            VARCHAR NOT NULL,  -- deployed, upgraded, rolledback, removed, published, flag, config, annotation
    version         VARCHAR,
    artifact        VARCHAR,
    sha             VARCHAR,
    description     VARCHAR,
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
