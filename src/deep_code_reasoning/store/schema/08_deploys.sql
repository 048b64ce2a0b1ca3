-- Deployments and other switches thrown in production.
CREATE TABLE deploys (
    deploy_id       VARCHAR NOT NULL,
    time_unix_nano  BIGINT NOT NULL,
    service_name    VARCHAR,
    environment     VARCHAR,
    kind            VARCHAR NOT NULL,  -- deployed, upgraded, rolledback, published; not live: failed, inactive, removed, packaged; else flag, config, annotation
    version         VARCHAR,
    artifact        VARCHAR,           -- image or package; of a flag its key
    sha             VARCHAR,           -- the commit that went live, as the feed gives it
    repository      VARCHAR,           -- of the code that was deployed: URL or owner/name, where the feed says
    previous_sha    VARCHAR,           -- the commit it replaced; NULL where only the order of deploys tells
    description     VARCHAR,           -- of a flag: what it was -> what it is
    source          INTEGER NOT NULL,
    source_offset   BIGINT NOT NULL
);
