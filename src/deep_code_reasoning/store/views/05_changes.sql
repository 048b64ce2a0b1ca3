-- Everything that was changed, in one line of time: commits, deployments and other switches.
CREATE VIEW changes AS
SELECT
    time_unix_nano,
    'commit' AS kind,
    service_name,
    repository,
    sha,
    CAST(NULL AS VARCHAR) AS deploy_id,
    CAST(NULL AS VARCHAR) AS version,
    message AS description,
    source,
    source_offset
FROM commits
UNION ALL
SELECT
    time_unix_nano,
    kind,
    service_name,
    repository,
    sha,
    deploy_id,
    version,
    description,
    source,
    source_offset
FROM deploys;
