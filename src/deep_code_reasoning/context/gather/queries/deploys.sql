SELECT
    deploy_id,
    time_unix_nano,
    kind,
    service_name,
    environment,
    version,
    artifact,
    repository,
    previous_sha,
    sha,
    description
FROM deploys
ORDER BY time_unix_nano DESC, deploy_id
LIMIT $most;
