-- What was put live when and as which service, up to the onset.
SELECT
    time_unix_nano,
    service_name,
    environment,
    version,
    artifact,
    sha,
    repository,
    previous_sha
FROM deploys
WHERE kind IN ('deployed', 'upgraded', 'rolledback', 'published') AND time_unix_nano <= $onset
ORDER BY time_unix_nano, deploy_id
